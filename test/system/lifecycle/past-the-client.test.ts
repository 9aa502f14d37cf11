/** The client's answers if Temporal and the rows disagree, or if the caller does not wait. */
import { describe, expect, it } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { Lifecycle } from '../../../control/lifecycle.js';
import { actorKey } from '../../support/commands.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  until,
} from '../../support/stack.js';
import { openRunTemporal, workflowOf } from '../../support/temporal.js';

const someId = (): string => `sb${someName().slice(5, 15)}`;

describe('a row without workflow', () => {
  it('is unhealthy for that reason, and a wait for its end returns at once', async () => {
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const id = someId();
    await openAdmin()`INSERT INTO sandboxes (id, name, owner, expires_at)
      VALUES (${id}, ${someName()}, ${owner}, now() + interval '1h')`;
    const { health, checks } = await client.status(id);
    expect(health).toBe('unhealthy');
    expect(checks[0]).toMatchObject({
      ...{ name: 'workflow', state: 'missing', detail: 'Temporal knows no such workflow' },
    });
    expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('pending');
    // A destroy starts a workflow for the clean-up.
    await client.destroy(id);
    expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('destroyed');
  });
});

describe('a create without waiting', () => {
  it('returns the request and the default expiry', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [sandboxId, guild] = [someId(), someGuild()];
    const sandbox = await client.create({ sandboxId, guildIds: [guild], wait: false });
    expect(sandbox).toMatchObject({ id: sandboxId, status: 'pending', guildIds: [guild] });
    const hours = (Date.parse(sandbox.expiresAt) - Date.parse(sandbox.createdAt)) / 3_600_000;
    expect(hours).toBe(24);
    await client.destroy(sandboxId);
    await client.waitUntilDestroyed(parseSandboxId(sandboxId));
    await expect(client.create({ sandboxId, wait: false })).rejects.toMatchObject({
      ...{ code: 'SANDBOX_007', message: expect.stringContaining('an id is used once') as string },
    });
  });

  it('with an id that was refused is refused again, for the same reason', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [sandboxId, name] = [someId(), someName()];
    const { id } = await client.create({ name, ttl: '1h' });
    const again = { sandboxId, name, wait: false };
    await expect(client.create({ sandboxId, name })).rejects.toMatchObject({ code: 'SANDBOX_001' });
    await expect(client.create(again)).rejects.toMatchObject({ code: 'SANDBOX_001' });
    await client.destroy(id);
  });
});

it('a terminated workflow reports its end to a waiting caller', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '15s' });
  const ended = {
    ...{ code: 'SANDBOX_007', message: `the workflow of sandbox ${id} has ended` },
    details: { workflow: 'ended' },
  };
  await openAdmin().begin(async (tx) => {
    await tx`SELECT 1 FROM sandboxes WHERE id = ${id} FOR UPDATE`;
    const waiting = expect(client.extend(id, '1h')).rejects.toMatchObject(ended);
    const handle = await workflowOf(parseSandboxId(id));
    await until(
      'it is being extended',
      async () => (await handle.describe()).raw.pendingActivities?.length,
    );
    await handle.terminate('by a person');
    await waiting;
  });
  await expect(client.create({ sandboxId: id, wait: false })).rejects.toMatchObject(ended);
  await client.destroy(id);
});

it('a sweep without a worker fails, and waits for one', async () => {
  const temporal = await openRunTemporal();
  const lifecycle = new Lifecycle(temporal, { taskQueue: 'nobody', actorKey: actorKey() });
  const sandboxId = parseSandboxId(`sb${someName().slice(5, 15)}`);
  await expect(lifecycle.sweep({ dryRun: true, sandboxId })).rejects.toMatchObject({
    code: 'SANDBOX_009',
    details: { dependency: 'worker' },
  });
  await temporal.client.workflow.getHandle(`sandbox-sweep-${sandboxId}-dry-run`).terminate();
});

describe('a sweep of one sandbox', () => {
  it('finds nothing to do for a running, a destroyed, or an unknown one', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    const sandboxId = parseSandboxId(id);
    const nothing = { revived: [], repaired: [], orphans: [] };
    expect(await client.sweep({ dryRun: false, sandboxId })).toEqual(nothing);
    await client.destroy(id);
    await client.waitUntilDestroyed(sandboxId);
    expect(await client.sweep({ dryRun: false, sandboxId })).toEqual(nothing);
    expect(await client.sweep({ dryRun: true, sandboxId: parseSandboxId(someId()) })).toEqual(
      nothing,
    );
  });
});

it('an events request that is already aborted ends at once', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '1h' });
  const seen: unknown[] = [];
  for await (const event of client.events(id, { signal: AbortSignal.abort() })) seen.push(event);
  expect(seen).toEqual([]);
  await client.destroy(id);
});

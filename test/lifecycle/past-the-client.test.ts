/** What the client answers where Temporal and the rows tell different stories, and to a caller who does not wait. */
import { describe, expect, it } from 'vitest';
import { parseSandboxId } from '../../domain/names.js';
import { openAdmin, openClient, someGuild, someName, someOwner } from '../support/stack.js';

const someId = (): string => `sb${someName().slice(5, 15)}`;

describe('a row that has no workflow', () => {
  it('is unhealthy by that, and nobody waits for its end', async () => {
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
    expect((await client.destroyed(parseSandboxId(id))).status).toBe('pending');
    // It gets one, to clean up with.
    await client.destroy(id);
    expect((await client.destroyed(parseSandboxId(id))).status).toBe('destroyed');
  });
});

describe('a create that is not waited for', () => {
  it('tells what was asked for, and the default expiry', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [sandboxId, guild] = [someId(), someGuild()];
    const sandbox = await client.create({ sandboxId, guildIds: [guild], wait: false });
    expect(sandbox).toMatchObject({ id: sandboxId, status: 'pending', guildIds: [guild] });
    const hours = (Date.parse(sandbox.expiresAt) - Date.parse(sandbox.createdAt)) / 3_600_000;
    expect(hours).toBe(24);
    await client.destroy(sandboxId);
    await client.destroyed(parseSandboxId(sandboxId));
    await expect(client.create({ sandboxId, wait: false })).rejects.toMatchObject({
      ...{ code: 'SANDBOX_007', message: expect.stringContaining('an id is used once') as string },
    });
  });

  it('of an id that was refused is refused again, for the reason of the first time', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [sandboxId, name] = [someId(), someName()];
    const { id } = await client.create({ name, ttl: '1h' });
    const again = { sandboxId, name, wait: false };
    await expect(client.create({ sandboxId, name })).rejects.toMatchObject({ code: 'SANDBOX_001' });
    await expect(client.create(again)).rejects.toMatchObject({ code: 'SANDBOX_001' });
    await client.destroy(id);
  });
});

describe('a sweep of one sandbox', () => {
  it('finds nothing to do for one that runs, has ended, or never was', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    const sandboxId = parseSandboxId(id);
    const nothing = { revived: [], orphans: [] };
    expect(await client.sweep({ dryRun: false, sandboxId })).toEqual(nothing);
    await client.destroy(id);
    await client.destroyed(sandboxId);
    expect(await client.sweep({ dryRun: false, sandboxId })).toEqual(nothing);
    expect(await client.sweep({ dryRun: true, sandboxId: parseSandboxId(someId()) })).toEqual(
      nothing,
    );
  });
});

it('events that nobody waits for any more end at once', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '1h' });
  const seen: unknown[] = [];
  for await (const event of client.events(id, { signal: AbortSignal.abort() })) seen.push(event);
  expect(seen).toEqual([]);
  await client.destroy(id);
});

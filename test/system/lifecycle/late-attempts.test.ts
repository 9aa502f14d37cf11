/**
 * A step that was given up and continues late, after a worker or a server was stopped and woken.
 * Each resource itself refuses a step that a reset or a destroy has overtaken.
 */
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import { delay } from '../../../platform/deadline.js';
import type { Sandbox } from '../../../domain/sandbox.js';
import { RESOURCE_KINDS, type ResourceTarget } from '../../../resources/index.js';
import { extendSandbox, raiseRotation } from '../../../store/commands.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openWorkerParts } from '../../support/resources.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackState,
} from '../../support/stack.js';
import { workflowOf } from '../../support/temporal.js';
import { openTenant } from '../../support/tenant.js';
import { commandOf, verified } from '../../support/commands.js';

const targetOf = ({ id, createdAt }: Sandbox, rotation: number): ResourceTarget => ({
  ...{ sandboxId: parseSandboxId(id), rotation, createdAt: new Date(createdAt) },
});
const refused = { code: 'SANDBOX_007' };
const bounds = () => ({ now: Date.now(), maxMs: 30 * 86_400_000 });
const someId = (): SandboxId => parseSandboxId(`sb${someName().slice(5, 15)}`);

describe('an attempt after the destroy', () => {
  it.each(RESOURCE_KINDS.map(({ name }) => name))(
    'to make its %s is refused, and makes nothing',
    async (name) => {
      const client = openClient({ SANDBOX_OWNER: someOwner() });
      const sandbox = await client.create({ ttl: '1h', guildIds: [someGuild()] });
      const target = targetOf(sandbox, 0);
      await client.destroy(sandbox.id);
      await client.waitUntilDestroyed(target.sandboxId);
      const { resources } = await openWorkerParts();
      await expect(resources().get(name).ensure(target)).rejects.toMatchObject(refused);
      await expect(
        resources()
          .get(name)
          .ensure({ ...target, fresh: true }),
      ).rejects.toMatchObject(refused);
      expect(await leftoversOf(stackState().urls.admin, target.sandboxId)).toEqual([]);
      // A second removal succeeds although nothing is left.
      await resources().get(name).remove(target.sandboxId);
    },
  );

  it('to route its guilds is refused, as is one for a sandbox that was never claimed', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    const sandboxId = parseSandboxId(sandbox.id);
    await client.destroy(sandbox.id);
    await client.waitUntilDestroyed(sandboxId);
    const routes = (await openWorkerParts()).routes();
    await expect(routes.activate(sandboxId)).rejects.toMatchObject(refused);
    await expect(routes.activate(someId())).rejects.toMatchObject(refused);
    expect(await leftoversOf(stackState().urls.admin, sandboxId)).toEqual([]);
    await routes.remove(sandboxId);
  });

  it.each([
    ['postgres-schema', 'SANDBOX_004'],
    ['nats-subjects', 'SANDBOX_007'],
  ] as const)('to make the %s of a sandbox that was never claimed is %s', async (name, code) => {
    const { resources } = await openWorkerParts();
    const target = { sandboxId: someId(), rotation: 0, createdAt: new Date() };
    await expect(resources().get(name).ensure(target)).rejects.toMatchObject({ code });
    expect(await leftoversOf(stackState().urls.admin, target.sandboxId)).toEqual([]);
  });
});

describe('an attempt after a reset or an extension', () => {
  it.each(['redis-keyspace', 'nats-subjects'] as const)(
    'cannot restore the earlier password of its %s',
    async (name) => {
      const client = openClient({ SANDBOX_OWNER: someOwner() });
      const sandbox = await client.create({ ttl: '1h' });
      await client.reset(sandbox.id);
      const { resources } = await openWorkerParts();
      await expect(resources().get(name).ensure(targetOf(sandbox, 0))).rejects.toMatchObject(
        refused,
      );
      expect((await client.status(sandbox.id)).health).toBe('healthy');
      await client.destroy(sandbox.id);
    },
  );

  it('to extend does not move the expiry back', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    const { database } = await openWorkerParts();
    const args = { byMs: 60_000, clamp: false };
    const command = verified(commandOf('extend', parseSandboxId(id), args));
    const first = await extendSandbox(database, command, bounds());
    const now = await client.extend(id, '2h');
    expect(await extendSandbox(database, command, bounds())).toEqual(first);
    expect(Date.parse((await client.get(id)).expiresAt)).toBe(now.expiresAt);
    await client.destroy(id);
  });

  it('to repeat a reset removes no newer data', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    await client.reset(sandbox.id);
    const tenant = await openTenant(client, sandbox.id);
    await tenant.sql.query(`INSERT INTO communities (name) VALUES ('new')`);
    await tenant.redis.set(`sandbox:${sandbox.id}:new`, '1');
    const { resources } = await openWorkerParts();
    for (const name of ['postgres-schema', 'redis-keyspace'] as const)
      await resources().get(name).reset(targetOf(sandbox, 1));
    expect((await tenant.sql.query('SELECT name FROM communities')).rows).toEqual([
      { name: 'new' },
    ]);
    expect(await tenant.redis.get(`sandbox:${sandbox.id}:new`)).toBe('1');
    await client.destroy(sandbox.id);
  });
});

it('a repair during a reset keeps the old keys for the reset to remove', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const sandbox = await client.create({ ttl: '1h' });
  const tenant = await openTenant(client, sandbox.id);
  await tenant.redis.set(`sandbox:${sandbox.id}:old`, '1');
  const { database, resources } = await openWorkerParts();
  const target = targetOf(
    sandbox,
    await raiseRotation(database, verified(commandOf('reset', parseSandboxId(sandbox.id), {}))),
  );
  const keyspace = resources().get('redis-keyspace');
  // Redis was away during the reset. When it is back, every worker restores its users.
  await expect(keyspace.ensure(target)).rejects.toMatchObject(refused);
  await keyspace.reset(target);
  const fresh = new Redis((await client.connection(sandbox.id)).environment.REDIS_URL ?? '');
  expect(await fresh.get(`sandbox:${sandbox.id}:old`)).toBeNull();
  fresh.disconnect();
  await client.destroy(sandbox.id);
});

describe('a step that is repeated after its success', () => {
  it('extends once, and raises the rotation once', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, expiresAt } = await client.create({ ttl: '1h' });
    const sandboxId = parseSandboxId(id);
    const { database } = await openWorkerParts();
    const extend = verified(commandOf('extend', sandboxId, { byMs: 60_000, clamp: false }));
    const reset = verified(commandOf('reset', sandboxId, {}));
    const extended = { expiresAt: Date.parse(expiresAt) + 60_000, clamped: false };
    for (let i = 0; i < 2; i += 1) {
      expect(await extendSandbox(database, extend, bounds())).toEqual(extended);
      expect(await raiseRotation(database, reset)).toBe(1);
    }
    const entries = (await client.audit(id)).map(({ eventType }) => eventType);
    for (const event of ['ttl_extended', 'sandbox_reset'])
      expect(entries.filter((entry) => entry === event)).toHaveLength(1);
    await client.destroy(id);
  });

  it('fails to extend or reset an unknown sandbox', async () => {
    const { database } = await openWorkerParts();
    const unknown = { ...refused, message: expect.stringContaining('is unknown') as string };
    const extend = verified(commandOf('extend', someId(), { byMs: 60_000, clamp: false }));
    await expect(extendSandbox(database, extend, bounds())).rejects.toMatchObject(unknown);
    const reset = verified(commandOf('reset', someId(), {}));
    await expect(raiseRotation(database, reset)).rejects.toMatchObject(unknown);
  });
});

it('the sweep removes an orphan with a connected bot, and cuts the bot’s sessions', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '1h' });
  const tenant = await openTenant(client, id);
  await (await workflowOf(parseSandboxId(id))).terminate('by an operator');
  await openAdmin()`DELETE FROM sandboxes WHERE id = ${id}`;
  // Longer than the grace period of the run's worker.
  await delay(1_200);
  const { orphans } = await client.sweep({ dryRun: false });
  expect(orphans.filter(({ sandboxId }) => sandboxId === id).every(({ removed }) => removed)).toBe(
    true,
  );
  expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  await expect(tenant.sql.query('SELECT 1')).rejects.toThrow();
  await expect(tenant.redis.get(`sandbox:${id}:x`)).rejects.toThrow();
});

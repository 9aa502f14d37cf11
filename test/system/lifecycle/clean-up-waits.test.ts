/**
 * A blocked clean-up reports what blocks it and retries. It does not delay other sandboxes, and it
 * completes by itself.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseSandboxId, schemaName } from '../../../domain/names.js';
import { closeRedis, openRedis } from '../../../platform/redis.js';
import { bd } from '../../support/bd.js';
import { freeze } from '../../support/freeze.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someOwner,
  stackState,
  until,
} from '../../support/stack.js';
import { workflowOf } from '../../support/temporal.js';

const SERVER_NAMES = { redis: 'Redis', nats: 'NATS' } as const;

describe('a blocked clean-up', () => {
  it('with a foreign lock on its table: is reported everywhere, delays nobody, and ends when the lock is released', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const stuck = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    const id = parseSandboxId(stuck.id);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let locked = (): void => undefined;
    const taken = new Promise<void>((resolve) => (locked = resolve));
    // An administrator's open psql. It is no session of the sandbox, so the clean-up may not end
    // it.
    const holder = openAdmin().begin(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${schemaName(id)}.profiles`);
      locked();
      await released;
    });
    onTestFinished(() => {
      release();
      return holder;
    });
    await taken;
    await client.destroy(id);

    const waits = /remove postgres-schema.*lock timeout/;
    await until('status reports it', async () =>
      waits.test((await client.status(id)).cleanupError ?? ''),
    );
    const shown = await bd(['sandbox', 'status', id]);
    expect(shown.stdout).toMatch(/SANDBOX_006 clean-up is being retried and continues by itself/);
    const handle = await workflowOf(id);
    const details = JSON.stringify(await handle.query('__temporal_workflow_metadata'));
    expect(details).toMatch(waits);
    const { raw } = await handle.describe();
    expect(raw.pendingActivities?.map(({ activityType }) => activityType?.name)).toEqual([
      'postgres-schema.remove',
    ]);

    // With a heartbeat, the step restarts soon if its worker is killed.
    await until('it has sent a heartbeat', async () => {
      const [pending] = (await handle.describe()).raw.pendingActivities ?? [];
      return pending?.lastHeartbeatTime;
    });

    // The other resources are already gone. Meanwhile other sandboxes are created and destroyed.
    const { checks } = await client.status(id);
    expect(checks.filter(({ state }) => state === 'missing').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['redis-keyspace', 'nats-subjects']),
    );
    for (let i = 0; i < 3; i += 1) {
      const other = await client.create({ ttl: '1h', guildIds: [someGuild()] });
      await client.destroy(other.id);
      await client.waitUntilDestroyed(parseSandboxId(other.id));
    }
    expect((await client.get(id)).status).toBe('destroying');

    release();
    await holder;
    // The next retry may be a minute away.
    await client.waitUntilDestroyed(id);
    expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  }, 120_000);

  it('with a Redis that refuses to revoke: frees the guilds, and removes the rest', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const guildIds = [someGuild()];
    const stuck = await client.create({ ttl: '1h', guildIds });
    const { urls } = stackState();
    const redis = await openRedis(urls.admin.redis, 'test');
    const { username } = new URL(urls.worker.redis);
    const allow = (rule: string) => redis.call('ACL', 'SETUSER', username, rule);
    onTestFinished(async () => {
      await allow('+acl|deluser');
      closeRedis(redis);
    });
    await allow('-acl|deluser');
    await client.destroy(stuck.id);
    const other = await until('the guild is free', () =>
      client.create({ ttl: '1h', guildIds }).catch(() => null),
    );
    await until('the rest is gone', async () => {
      const left = await leftoversOf(urls.admin, stuck.id);
      return left.every((line) => line.startsWith('Redis'));
    });
    expect((await client.status(stuck.id)).cleanupError).toMatch(/revoke|redis-keyspace/);
    await allow('+acl|deluser');
    await client.waitUntilDestroyed(parseSandboxId(stuck.id));
    expect(await leftoversOf(urls.admin, stuck.id)).toEqual([]);
    await client.destroy(other.id);
  });

  it.each(['redis', 'nats'] as const)(
    'because %s answers nothing: names it, and running sandboxes are served',
    async (server) => {
      const client = openClient({ SANDBOX_OWNER: someOwner() });
      const [running, ...doomed] = await Promise.all(
        Array.from({ length: 3 }, () =>
          client.create({ owner: someOwner(), ttl: '1h', guildIds: [someGuild()] }),
        ),
      );
      const thaw = await freeze(server);
      await Promise.all(doomed.map(({ id }) => client.destroy(id)));
      await Promise.all(
        doomed.map(({ id }) =>
          until('status names the server', async () => {
            const { cleanupError } = await client.status(id);
            return cleanupError?.includes(`${SERVER_NAMES[server]} is unreachable`);
          }),
        ),
      );
      const { expiresAt } = running ?? { expiresAt: '' };
      const extended = await client.extend(running?.id ?? '', '1h');
      expect(Date.parse(extended.sandbox.expiresAt)).toBe(Date.parse(expiresAt) + 3_600_000);
      await thaw();
      for (const { id } of doomed) {
        await client.waitUntilDestroyed(parseSandboxId(id));
        expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
      }
      expect((await client.status(running?.id ?? '')).health).toBe('healthy');
      await client.destroy(running?.id ?? '');
    },
    120_000,
  );
});

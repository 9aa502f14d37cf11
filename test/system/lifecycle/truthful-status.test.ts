/**
 * Parts that an administrator removed, or that a server lost: `status` names each, and a destroy
 * still works.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseSandboxId, roleName, schemaName, type SandboxId } from '../../../domain/names.js';
import { redisRoutes } from '../../../routing/route.js';
import { parseNatsAuthority, natsAccountOf } from '../../../platform/nats-authority.js';
import { closeNats, openNats, type NatsConnection } from '../../../platform/nats.js';
import type { Sql } from '../../../platform/postgres.js';
import { closeRedis, openRedis, type Redis } from '../../../platform/redis.js';
import { readMasterSecret } from '../../../platform/master-secret.js';
import { readNatsAuthority } from '../../../platform/stack-file.js';
import { deleteAccount, pushAccount, type AccountKeys } from '../../../resources/nats/account.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someOwner,
  stackConfig,
  stackState,
} from '../../support/stack.js';

interface Servers {
  readonly sql: Sql;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  readonly accounts: AccountKeys;
}

/** A connection with the administrator's rights; closed when the test ends. */
async function openServers(): Promise<Servers> {
  const { urls } = stackState();
  const redis = await openRedis(urls.admin.redis, 'test');
  const nats = await openNats(urls.admin.nats, 'test');
  onTestFinished(() => {
    closeRedis(redis);
    return closeNats(nats);
  });
  const authority = parseNatsAuthority(readNatsAuthority(stackConfig()) ?? '');
  const masterSecret = readMasterSecret(stackConfig()) ?? '';
  const controlAccount = natsAccountOf(urls.admin.nats) ?? '';
  return {
    sql: openAdmin(),
    redis,
    nats,
    accounts: { nats, authority, masterSecret, controlAccount },
  };
}

const routesIn = async (sql: Sql): Promise<string> => {
  const [row] = await sql<{ id: string }[]>`SELECT id FROM sandbox_installation`;
  return redisRoutes(row?.id ?? '').map;
};

interface Damage {
  readonly what: string;
  readonly check: string;
  readonly state: 'missing' | 'error';
  readonly detail: RegExp;
  readonly done: (servers: Servers, id: SandboxId, guild: string) => Promise<unknown>;
}

const DAMAGES: readonly Damage[] = [
  {
    what: 'its schema',
    check: 'postgres-schema',
    state: 'missing',
    detail: /^schema sandbox_sb\w+ does not exist$/,
    done: ({ sql }, id) => sql.unsafe(`DROP SCHEMA ${schemaName(id)} CASCADE`),
  },
  {
    what: 'its role’s right to log in',
    check: 'postgres-schema',
    state: 'error',
    detail: /^role sandbox_sb\w+ may not log in$/,
    done: ({ sql }, id) => sql.unsafe(`ALTER ROLE ${roleName(id)} NOLOGIN`),
  },
  {
    what: 'its Redis user',
    check: 'redis-keyspace',
    state: 'missing',
    detail: /^ACL user sandbox_sb\w+ does not exist$/,
    done: ({ redis }, id) => redis.call('ACL', 'DELUSER', `sandbox_${id}`),
  },
  {
    what: 'its entry in Redis’ registry',
    check: 'redis-keyspace',
    state: 'missing',
    detail: /registry is missing$/,
    done: ({ redis }, id) => redis.hdel('sandbox:registry', id),
  },
  {
    what: 'its consumer',
    check: 'nats-subjects',
    state: 'missing',
    detail: /^consumer sb_sb\w+ does not exist$/,
    done: async ({ nats }, id) =>
      (await nats.jetstreamManager()).consumers.delete('ROUTED', `sb_${id}`),
  },
  {
    what: 'its NATS account',
    check: 'nats-subjects',
    state: 'missing',
    detail: /^NATS account sandbox_sb\w+ does not exist$/,
    done: ({ accounts }, id) => deleteAccount(accounts, id),
  },
  {
    what: 'its NATS account’s password',
    check: 'nats-subjects',
    state: 'error',
    detail: /^NATS account sandbox_sb\w+ has another password$/,
    done: ({ accounts }, id) =>
      pushAccount(accounts, id, { rotation: 7, installation: null, createdAt: null }),
  },
  {
    what: 'a guild’s route in Redis',
    check: 'guild-routes',
    state: 'missing',
    detail: /^Redis lacks the route of guild 1\d{17}$/,
    done: async ({ sql, redis }, _id, guild) => redis.hdel(await routesIn(sql), guild),
  },
  {
    what: 'a guild’s route in Redis, which is another sandbox’s now',
    check: 'guild-routes',
    state: 'missing',
    detail: /^Redis lacks the route of guild 1\d{17}$/,
    done: async ({ sql, redis }, _id, guild) =>
      redis.hset(await routesIn(sql), guild, '1:sb0000000000'),
  },
  {
    what: 'its own address in Redis',
    check: 'guild-routes',
    state: 'missing',
    detail: /^Redis lacks the sandbox's address$/,
    done: async ({ sql, redis }, id) => redis.hdel(await routesIn(sql), id),
  },
  {
    what: 'a guild’s activation',
    check: 'guild-routes',
    state: 'error',
    detail: /^not yet routed: 1 of 1 guild$/,
    done: ({ sql }, _id, guild) =>
      sql`UPDATE sandbox_guild_mapping SET active = false WHERE guild_id = ${guild}`.execute(),
  },
];

describe('a sandbox that has lost', () => {
  it.each(DAMAGES)(
    '$what is degraded for that reason only',
    async ({ check, state, detail, done }) => {
      const client = openClient({ SANDBOX_OWNER: someOwner() });
      const guild = someGuild();
      const sandbox = await client.create({ ttl: '1h', guildIds: [guild] });
      const id = parseSandboxId(sandbox.id);
      await done(await openServers(), id, guild);
      const { health, checks } = await client.status(id);
      expect(health).toBe('degraded');
      expect(checks.filter((one) => one.state !== 'ok')).toEqual([
        { name: check, state, detail: expect.stringMatching(detail) as string },
      ]);
      await client.destroy(id);
      await client.waitUntilDestroyed(id);
      expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
    },
  );
});

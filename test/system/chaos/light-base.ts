/** Only the servers that routing needs. Routes are changed as the worker does. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { confirmRoutes } from '../../../routing/barrier.js';
import {
  encodeRoute,
  redisRoutes,
  REDIS_ROUTES_CHANGED,
  type Route,
} from '../../../routing/route.js';
import { guild } from '../../support/ids.js';
import { INSTALLATION, startServers } from '../router/servers.js';
import { fixedSandboxes, MAPPED } from './events.js';
import type { GuildId } from '../../../domain/guild.js';
import type { SandboxId } from '../../../domain/names.js';
import type { Base } from './world.js';

export async function lightBase(): Promise<Base> {
  const servers = await startServers();
  const nc = await openNats(servers.natsUrl, 'worker in test');
  const redis = new Redis(servers.redisUrl, { maxRetriesPerRequest: 1 });
  // The test kills it on purpose.
  redis.on('error', () => undefined);
  await addAddressees(servers.databaseUrl);
  return {
    natsUrl: servers.natsUrl,
    natsPort: Number(new URL(servers.natsUrl).port),
    routerServers: servers,
    ownStack: false,
    sandboxOf: fixedSandboxes,
    async kill(server, forMs) {
      if (server === 'worker' || server === 'temporal') return;
      await servers[server].end('SIGKILL');
      await delay(forMs);
      await servers[server].start();
    },
    async setRoute(g, registered) {
      const sandboxId = registered ? (fixedSandboxes(g) as SandboxId) : null;
      const version = await inPostgres(servers.databaseUrl, guild(g), sandboxId);
      if (redis.status === 'ready') await inRedis(redis, { key: guild(g), sandboxId, version });
      await confirmRoutes(nc, version, { timeoutMs: 3_000 });
    },
    async close() {
      redis.disconnect();
      await closeNats(nc);
      await servers.close();
    },
  };
}

/** These sandboxes take addressed events, as sandboxes of the product do after their create. */
async function addAddressees(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (let g = 0; g < MAPPED; g++) {
    await client.query(
      `WITH next AS (UPDATE sandbox_route_version SET version = version + 1 RETURNING version)
       INSERT INTO sandbox_addressees SELECT $1, true, version FROM next`,
      [fixedSandboxes(g)],
    );
  }
  await client.end();
}

/**
 * Opens a connection for each change, with `pg`. Postgres is killed on purpose, and postgres.js can
 * throw an uncaught error if its socket closes between two turns of the event loop.
 */
async function inPostgres(
  url: string,
  guildId: GuildId,
  sandboxId: SandboxId | null,
): Promise<number> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ version: string }>(
      'UPDATE sandbox_route_version SET version = version + 1 RETURNING version',
    );
    const version = Number(rows[0]?.version);
    await client.query(
      `INSERT INTO sandbox_routes (guild_id, sandbox_id, version) VALUES ($1, $2, $3)
       ON CONFLICT (guild_id) DO UPDATE SET sandbox_id = EXCLUDED.sandbox_id, version = EXCLUDED.version`,
      [guildId, sandboxId, version],
    );
    await client.query('COMMIT');
    return version;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function inRedis(redis: Redis, route: Route): Promise<void> {
  const keys = redisRoutes(INSTALLATION);
  await redis
    .multi()
    .hset(keys.map, route.key, encodeRoute(route))
    .zadd(keys.changes, route.version, route.key)
    .set(keys.version, route.version)
    .exec();
  await redis.publish(REDIS_ROUTES_CHANGED, String(route.version));
}

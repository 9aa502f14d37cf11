/** Changes routes as the worker does: Postgres first, then Redis, then the hint. */
import type { Redis } from 'ioredis';
import type { GuildId } from '../../../domain/guild.js';
import type { SandboxId } from '../../../domain/names.js';
import {
  encodeRoute,
  redisRoutes,
  REDIS_ROUTES_CHANGED,
  type RedisRoutes,
} from '../../../routing/route.js';
import type { Sql } from '../../../platform/postgres.js';
import { INSTALLATION } from './servers.js';

/** Returns the new version. `redis` null: Redis is not updated. */
export async function setRoute(
  sql: Sql,
  redis: Redis | null,
  guildId: GuildId,
  sandboxId: SandboxId | null,
): Promise<number> {
  const version = await sql.begin(async (tx) => {
    const [row] = await tx<
      { version: string }[]
    >`UPDATE sandbox_route_version SET version = version + 1 RETURNING version`;
    await tx`
      INSERT INTO sandbox_routes ${tx({ guild_id: guildId, sandbox_id: sandboxId, version: row?.version ?? 0 })}
      ON CONFLICT (guild_id) DO UPDATE SET sandbox_id = EXCLUDED.sandbox_id, version = EXCLUDED.version`;
    return Number(row?.version);
  });
  if (redis !== null) {
    const text = encodeRoute({ key: guildId, sandboxId, version });
    await tellRedis(redis, redisRoutes(INSTALLATION), { key: guildId, text, version });
  }
  return version;
}

/** Returns the new version: from it on the sandbox takes addressed events, or takes none. */
export async function setAddressee(
  sql: Sql,
  redis: Redis | null,
  sandboxId: SandboxId,
  active: boolean,
): Promise<number> {
  const version = await sql.begin(async (tx) => {
    const [row] = await tx<
      { version: string }[]
    >`UPDATE sandbox_route_version SET version = version + 1 RETURNING version`;
    await tx`
      INSERT INTO sandbox_addressees ${tx({ sandbox_id: sandboxId, active, version: row?.version ?? 0 })}
      ON CONFLICT (sandbox_id) DO UPDATE SET active = EXCLUDED.active, version = EXCLUDED.version`;
    return Number(row?.version);
  });
  if (redis !== null) {
    const text = encodeRoute({ key: sandboxId, sandboxId: active ? sandboxId : null, version });
    await tellRedis(redis, redisRoutes(INSTALLATION), { key: sandboxId, text, version });
  }
  return version;
}

/** Writes an entry, valid or not, and the table's version into Redis. */
export async function tellRedis(
  redis: Redis,
  keys: RedisRoutes,
  entry: { readonly key: string; readonly text: string; readonly version: number },
): Promise<void> {
  const { key, text, version } = entry;
  await redis
    .multi()
    .hset(keys.map, key, text)
    .zadd(keys.changes, version, key)
    .set(keys.version, version)
    .exec();
  await redis.publish(REDIS_ROUTES_CHANGED, String(version));
}

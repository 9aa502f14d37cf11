/** Changes routes as the worker does: Postgres first, then Redis, then the hint. */
import type { Redis } from 'ioredis';
import type { GuildId } from '../../domain/guild.js';
import type { SandboxId } from '../../domain/names.js';
import {
  encodeRoute,
  redisRoutes,
  REDIS_ROUTES_CHANGED,
  type RedisRoutes,
} from '../../domain/routing.js';
import type { Sql } from '../../platform/postgres.js';
import { INSTALLATION } from './servers.js';

export const guild = (n: number): GuildId =>
  String(100_000_000_000_000_000n + BigInt(n)) as GuildId;
export const sandbox = (n: number): SandboxId => `sb${String(n).padStart(10, '0')}` as SandboxId;

/** The new version. `redis` null: Redis is not told. */
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
    const text = encodeRoute({ guildId, sandboxId, version });
    await tellRedis(redis, redisRoutes(INSTALLATION), { guildId, text, version });
  }
  return version;
}

/** Redis' part: a guild's entry, whatever it says, and that the table has its version. */
export async function tellRedis(
  redis: Redis,
  keys: RedisRoutes,
  entry: { readonly guildId: string; readonly text: string; readonly version: number },
): Promise<void> {
  const { guildId, text, version } = entry;
  await redis
    .multi()
    .hset(keys.map, guildId, text)
    .zadd(keys.changes, version, guildId)
    .set(keys.version, version)
    .exec();
  await redis.publish(REDIS_ROUTES_CHANGED, String(version));
}

/** Carries the route table from Postgres, its owner, to Redis, which hands it to the routers. */
import {
  encodeRoute,
  REDIS_ROUTES,
  REDIS_ROUTES_CHANGED,
  redisRouteKey,
} from '../domain/routing.js';
import type { Redis } from '../platform/redis.js';
import { routesSince, routeVersion } from '../store/guild-mappings.js';
import type { Database } from '../store/database.js';

/**
 * Applies newer entries and raises the version, atomically, so that a reader (and a restart from the append-only file)
 * never sees a version without its entries. An older publisher cannot undo a newer one.
 */
const APPLY = `
local version = tonumber(redis.call('GET', KEYS[1]) or '0')
for i = 2, #ARGV, 3 do
  local guild, entry, text = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local known = redis.call('ZSCORE', KEYS[3], guild)
  if not known or tonumber(known) < entry then
    redis.call('HSET', KEYS[2], guild, text)
    redis.call('ZADD', KEYS[3], entry, guild)
  end
end
local target = tonumber(ARGV[1])
if target > version then redis.call('SET', KEYS[1], ARGV[1]) end
return redis.call('GET', KEYS[1])`;

/** Entries a call: a reload of a million routes must not hold the server for seconds. */
const BATCH = 5_000;

/** Brings Redis up to Postgres' version; returns that version. */
export async function distributeRoutes(database: Database, redis: Redis): Promise<number> {
  const newest = await routeVersion(database);
  let known = Number((await redis.get(REDIS_ROUTES.version)) ?? 0);
  if (known > newest) {
    // Postgres was restored from a backup, or Redis served another database: the owner's word counts.
    await redis.del(REDIS_ROUTES.version, REDIS_ROUTES.map, REDIS_ROUTES.changes);
    known = 0;
  }
  if (newest === 0) {
    // Said all the same: a router without Postgres trusts its empty table as long as Redis vouches for it.
    await redis.set(REDIS_ROUTES.version, '0', 'NX');
    return newest;
  }
  if (known === newest) return newest;
  const routes = await routesSince(database, known);
  for (let start = 0; start < routes.length; start += BATCH) {
    const batch = routes.slice(start, start + BATCH);
    const upTo = batch.at(-1)?.version ?? known;
    const args = batch.flatMap((route) => [
      route.guildId,
      String(route.version),
      encodeRoute(route),
    ]);
    await redis.eval(
      APPLY,
      3,
      REDIS_ROUTES.version,
      REDIS_ROUTES.map,
      REDIS_ROUTES.changes,
      String(upTo),
      ...args,
    );
    await redis.del(...batch.map(({ guildId }) => redisRouteKey(guildId)));
  }
  await redis.publish(REDIS_ROUTES_CHANGED, String(newest));
  return newest;
}

/** Copies the route table from Postgres, its owner, to Redis, which the routers read. */
import { isGuildId } from '../domain/guild.js';
import { encodeRoute, REDIS_ROUTES_CHANGED, redisRouteKey, redisRoutes } from '../routing/route.js';
import type { Redis } from '../platform/redis.js';
import { routesSince, routeVersion } from '../store/guild-mappings.js';
import type { Database } from '../store/database.js';

/**
 * Applies newer entries and raises the version atomically. So no reader, and no restart from the
 * append-only file, sees a version without its entries. An older publisher cannot undo a newer one.
 */
const APPLY = `
local version = tonumber(redis.call('GET', KEYS[1]) or '0')
for i = 2, #ARGV, 3 do
  local key, entry, text = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local known = redis.call('ZSCORE', KEYS[3], key)
  if not known or tonumber(known) < entry then
    redis.call('HSET', KEYS[2], key, text)
    redis.call('ZADD', KEYS[3], entry, key)
  end
end
local target = tonumber(ARGV[1])
if target > version then redis.call('SET', KEYS[1], ARGV[1]) end
return redis.call('GET', KEYS[1])`;

/** Entries per call: a reload of a million routes must not block the server for seconds. */
const BATCH = 5_000;

/** Brings this installation's table in Redis to Postgres' version; returns the version. */
export async function distributeRoutes(
  database: Database,
  redis: Redis,
  installation: string,
): Promise<number> {
  const keys = redisRoutes(installation);
  const [seen, reached] = await Promise.all([routeVersion(database), redis.get(keys.version)]);
  let [newest, known] = [seen, Number(reached ?? 0)];
  // Another publisher may have been faster than our read of Postgres.
  if (known > newest) newest = await routeVersion(database);
  if (known > newest) {
    // Postgres was restored from a backup, or Redis has another history. Postgres is the owner.
    await redis.del(keys.version, keys.map, keys.changes);
    known = 0;
  }
  if (newest === 0) {
    // Written even for an empty table: a router without Postgres uses its table while Redis
    // confirms its version.
    await redis.set(keys.version, '0', 'NX');
    return newest;
  }
  if (known === newest) return newest;
  const routes = await routesSince(database, known);
  for (let start = 0; start < routes.length; start += BATCH) {
    const batch = routes.slice(start, start + BATCH);
    const upTo = batch.at(-1)?.version ?? known;
    const args = batch.flatMap((route) => [route.key, String(route.version), encodeRoute(route)]);
    await redis.eval(APPLY, 3, keys.version, keys.map, keys.changes, String(upTo), ...args);
    const cached = batch.map(({ key }) => key).filter(isGuildId);
    if (cached.length > 0) await redis.del(...cached.map(redisRouteKey));
  }
  await redis.publish(REDIS_ROUTES_CHANGED, String(newest));
  return newest;
}

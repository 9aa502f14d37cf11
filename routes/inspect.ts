/** Checks a sandbox's routes in Postgres and in Redis' copy. */
import { counted } from '../domain/counted.js';
import type { SandboxId } from '../domain/names.js';
import { inRedis, type Redis } from '../platform/redis.js';
import { decodeRoute, redisRoutes } from '../routing/route.js';
import type { Database } from '../store/database.js';
import { guildsOf } from '../store/guild-mappings.js';

export interface RouteReader {
  readonly database: Database;
  readonly redis: () => Promise<Redis>;
  readonly installation: () => Promise<string>;
}

export interface RouteInspection {
  readonly state: 'ok' | 'missing' | 'error';
  readonly detail: string;
}

export async function inspectRoutes(
  { database, redis, installation }: RouteReader,
  { sandboxId }: { readonly sandboxId: SandboxId },
): Promise<RouteInspection> {
  const guilds = await guildsOf(database, sandboxId);
  const inactive = guilds.filter(({ active }) => !active);
  if (inactive.length > 0) {
    const all = counted(guilds.length, 'guild');
    return { state: 'error', detail: `not yet routed: ${inactive.length} of ${all}` };
  }
  const routed = [sandboxId, ...guilds.map(({ guildId }) => guildId)];
  const connection = await redis();
  const { map } = redisRoutes(await installation());
  const entries = await inRedis(() => connection.hmget(map, ...routed));
  const [own, ...lacking] = routed.map((key, i) => {
    const entry = entries[i];
    const stands = entry != null && decodeRoute(key, entry)?.sandboxId === sandboxId;
    return stands ? null : key;
  });
  const wrong = lacking.filter((key) => key !== null);
  if (wrong.length > 0) {
    return { state: 'missing', detail: `Redis lacks the route of guild ${wrong.join(', ')}` };
  }
  if (own !== null) return { state: 'missing', detail: "Redis lacks the sandbox's address" };
  const detail = guilds.length === 0 ? 'no guilds' : `${counted(guilds.length, 'guild')} routed`;
  return { state: 'ok', detail };
}

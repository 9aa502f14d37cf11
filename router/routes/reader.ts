/**
 * Reads changes of the route table from Redis, which distributes it, and Postgres, which owns it.
 */
import type { SandboxId } from '../../domain/names.js';
import {
  decodeRoute,
  isRoute,
  redisRoutes,
  type RedisRoutes,
  type Route,
} from '../../routing/route.js';
import { withDeadline } from '../../platform/deadline.js';
import type { Sql } from '../../platform/postgres.js';
import type { Redis } from '../../platform/redis.js';

export interface RouteChanges {
  readonly version: number;
  readonly changes: readonly Route[];
}

const DEADLINE_MS = 2_000;
/** A first load of 1,000,000 routes takes seconds. */
const LOAD_DEADLINE_MS = 60_000;
const HMGET_BATCH = 5_000;

interface Row {
  readonly top: string;
  readonly key: string | null;
  readonly sandbox_id: string | null;
  readonly version: string | null;
}

/**
 * One statement, so that version and rows are from one snapshot. The counter's row lock makes
 * versions commit in order: a snapshot with version n has every change up to n.
 * @param since -1: the whole table without tombstones (each former sandbox has left one)
 */
export async function changesInPostgres(sql: Sql, since: number): Promise<RouteChanges> {
  const query = sql<Row[]>`
    SELECT v.version AS top, r.key, r.sandbox_id, r.version
    FROM public.sandbox_route_version v
    LEFT JOIN (
      SELECT guild_id AS key, sandbox_id, version FROM public.sandbox_routes
        WHERE version > ${since}
      UNION ALL
      SELECT sandbox_id, CASE WHEN active THEN sandbox_id END, version
        FROM public.sandbox_addressees WHERE version > ${since}
    ) r ON r.sandbox_id IS NOT NULL OR ${since}::bigint >= 0`;
  const deadline = since < 0 ? LOAD_DEADLINE_MS : DEADLINE_MS;
  const rows = await withDeadline(query.execute(), deadline, 'Postgres');
  const [first] = rows;
  if (first === undefined) throw new Error('sandbox_route_version has no row');
  const changes: Route[] = [];
  for (const { key, sandbox_id: sandboxId, version } of rows) {
    if (key === null) continue;
    // Foreign keys prevent this, unless somebody edits the tables. Such an entry must not become a
    // subject.
    if (!isRoute(key, sandboxId)) {
      throw new Error(`the route table has no valid entry for ${JSON.stringify(key)}`);
    }
    changes.push({ key, sandboxId: sandboxId as SandboxId | null, version: Number(version) });
  }
  return { version: Number(first.top), changes };
}

export async function versionInPostgres(sql: Sql): Promise<number> {
  const query = sql<{ version: string }[]>`SELECT version FROM public.sandbox_route_version`;
  const [row] = await withDeadline(query.execute(), DEADLINE_MS, 'Postgres');
  if (row === undefined) throw new Error('sandbox_route_version has no row');
  return Number(row.version);
}

/** The installation that owns the table; Redis may hold tables of several. */
export async function installationInPostgres(sql: Sql): Promise<string> {
  const query = sql<{ id: string }[]>`SELECT id FROM public.sandbox_installation`;
  const [row] = await withDeadline(query.execute(), DEADLINE_MS, 'Postgres');
  if (row === undefined) throw new Error('sandbox_installation has no row');
  return row.id;
}

/** null: Redis has no table (flushed, or restarted empty). */
async function versionInRedis(redis: Redis, keys: RedisRoutes): Promise<number | null> {
  const text = await redis.get(keys.version);
  return text !== null && /^[0-9]{1,16}$/.test(text) ? Number(text) : null;
}

/**
 * Redis' changes since a version, or null if they may be incomplete. Each version is one key's
 * change, so a complete difference has as many entries as versions. If a key changed twice, or
 * Redis was flushed, Postgres is asked.
 */
export async function changesInRedis(
  redis: Redis,
  installation: string,
  since: number,
): Promise<RouteChanges | null> {
  const keys = redisRoutes(installation);
  const version = await versionInRedis(redis, keys);
  if (version === null || version < since) return null;
  if (version === since) return { version, changes: [] };
  const changed = await redis.zrangebyscore(keys.changes, `(${since}`, '+inf');
  const changes: Route[] = [];
  for (let i = 0; i < changed.length; i += HMGET_BATCH) {
    const batch = changed.slice(i, i + HMGET_BATCH);
    const entries = await redis.hmget(keys.map, ...batch);
    for (const [k, key] of batch.entries()) {
      const entry = entries[k];
      const route = entry == null ? null : decodeRoute(key, entry);
      // Not ours, or not of this difference: the whole answer is distrusted.
      if (route === null || route.version <= since) return null;
      changes.push(route);
    }
  }
  const upToVersion = changes.filter((route) => route.version <= version).length;
  return upToVersion === version - since ? { version, changes } : null;
}

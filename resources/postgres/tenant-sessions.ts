/**
 * Counts sessions of other roles (`others`) and returns our backend (`me`). Without others no
 * sandbox holds a lock.
 */
import type { Sql } from '../../platform/postgres.js';

/** Lower oids are Postgres' own roles (FirstNormalObjectId). */
const FIRST_ROLE = 16_384;

/**
 * Functions, no views: pg_stat_activity reads shared tables, whose locks may find no room
 * (lock-guard.ts). So our services' roles are read once, at the first look.
 */
export function tenantSessions(sql: Sql): () => Promise<{ others: number; me: number }> {
  let ours: string | undefined;
  return async () => {
    if (ours === undefined) {
      const [roles] = await sql<{ oids: string | null }[]>`
        SELECT string_agg(oid::text, ',') AS oids FROM pg_roles
        WHERE rolsuper OR left(rolname, 3) = 'bd_' OR rolname = current_user`;
      ours = roles?.oids ?? '';
    }
    const [seen] = await sql<{ others: number; me: number }[]>`
      SELECT count(*)::int AS others, pg_backend_pid() AS me FROM pg_stat_get_activity(NULL)
      WHERE usesysid >= ${FIRST_ROLE}::oid AND usesysid <> ALL (string_to_array(${ours}, ',')::oid[])`;
    return seen ?? { others: 1, me: 0 };
  };
}

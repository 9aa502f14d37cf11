/**
 * Ends the sessions of a sandbox that blocks the worker. A tenant can lock rows that no right
 * protects: the database's row (an empty GRANT writes it; then no sandbox can be made or removed),
 * its role's row, and its own tables that name a neighbour.
 */
import { sandboxIdIn } from '../../domain/names.js';
import type { Logger } from '../../platform/log.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { lookEvery, type GuardMetrics } from '../guard.js';
import { tenantSessions } from './tenant-sessions.js';

/** A create or destroy blocked by a tenant waits this long. Both promise to take at most 2 s. */
const INTERVAL_MS = 200;
/** A correct sandbox also blocks catalogue changes for a moment when it changes its tables. */
const PATIENCE_MS = 100;

/** Looks until it is closed. Logs and counts ended sessions and failed looks. */
export function guardWaits(
  databaseUrl: string,
  metrics: GuardMetrics,
  log: Logger,
): { close(): Promise<void> } {
  // Its own session: those of the pool may be waiting.
  const sql = openPostgres(databaseUrl, { name: 'bd worker waits', max: 1 });

  async function look(): Promise<void> {
    // Also blockers of other workers, which have the same role. Functions, no views, as in
    // lock-guard.ts.
    const blockers = await sql<{ role: string }[]>`
      SELECT DISTINCT pg_get_userbyid(blocker.usesysid)::text AS role
      FROM pg_lock_status() lock
      JOIN pg_stat_get_activity(NULL) waiting ON waiting.pid = lock.pid
      CROSS JOIN unnest(pg_blocking_pids(lock.pid)) AS holder
      JOIN pg_stat_get_activity(NULL) blocker ON blocker.pid = holder
      WHERE NOT lock.granted AND lock.waitstart < clock_timestamp() - ${PATIENCE_MS}::int * interval '1 ms'
        AND waiting.usesysid = current_user::regrole
        AND pg_get_userbyid(blocker.usesysid) ~ '^sandbox_sb[a-z0-9]{10}$'`;
    for (const { role } of blockers) {
      const [ended] = await sql<{ count: number }[]>`
        SELECT public.terminate_sandbox(${sandboxIdIn(role, 'sandbox_')}) AS count`;
      if (ended === undefined || ended.count === 0) continue;
      metrics.sessionsEnded('waits');
      log.warn({ role }, 'sessions ended: they kept the worker waiting for a lock');
    }
  }

  const sessions = tenantSessions(sql);
  const isNeeded = async (): Promise<boolean> => (await sessions()).others > 0;
  const looks = lookEvery(INTERVAL_MS, 'waits', look, {
    ...{ metrics, log, isNeeded },
  });
  return {
    async close() {
      looks.close();
      await closePostgres(sql);
    },
  };
}

/**
 * Ends the sessions of a sandbox that keeps the worker waiting. A tenant can lock what no right of ours protects: the
 * database's own row (a GRANT that grants nothing writes it all the same, and no sandbox can then be made or removed), its
 * role's row (which must be changed to revoke it), and tables of its own that name a neighbour, who cannot be removed then.
 */
import { sandboxIdIn } from '../../domain/names.js';
import type { Logger } from '../../platform/log.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { lookEvery, type GuardMetrics } from '../guard.js';
import { tenantSessions } from './tenant-sessions.js';

/** A create and a destroy wait for this long where a tenant is in their way: both promise to take no longer than 2 s. */
const INTERVAL_MS = 200;
/** A correct sandbox that changes its tables also blocks changes of the catalogue, for a moment each time. */
const PATIENCE_MS = 100;

/** Looks until it is closed; what it ends, and each look that fails, is logged and counted. */
export function guardWaits(
  databaseUrl: string,
  metrics: GuardMetrics,
  log: Logger,
): { close(): Promise<void> } {
  // A session of its own: those of the pool may be the ones that wait.
  const sql = openPostgres(databaseUrl, { name: 'bd worker waits', max: 1 });

  async function look(): Promise<void> {
    // Those of other workers too, which have the same role. Functions and no view, as in lock-guard.ts.
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

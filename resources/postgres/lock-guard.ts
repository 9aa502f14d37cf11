/**
 * Ends the sessions of a sandbox that fills Postgres' lock table, which is one for all and has no limit for a role: a single
 * statement takes it whole in 150 ms (seen: 35,582 advisory locks), and then nobody can write, or even log in.
 */
import { customAlphabet } from 'nanoid';
import type { Logger } from '../../platform/log.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { lookEvery, type GuardMetrics } from '../guard.js';
import { tenantSessions } from './tenant-sessions.js';

/** Often enough that other sandboxes find room between two attempts to fill the table. */
const INTERVAL_MS = 200;
/**
 * Places in the table that this session holds for itself: with a full table, the query for the holders needs about ten.
 * Tried and not taken, so that no tenant that holds a key of them can make us wait.
 */
const BALLAST = 200;
const randomKey = customAlphabet('123456789', 15);

/** Looks until it is closed; what it ends, and each look that fails, is logged and counted. */
export function guardLocks(
  databaseUrl: string,
  metrics: GuardMetrics,
  log: Logger,
): { close(): Promise<void> } {
  // A session of its own: a pool's would be busy when it counts.
  const sql = openPostgres(databaseUrl, { name: 'bd worker guard', max: 1 });
  let ballastOf = 0;

  async function look(): Promise<void> {
    // Functions and no view: those behind pg_locks and pg_stat_activity read shared tables, whose locks are in the full table.
    const [seen] = await sql<{ me: number; full: boolean }[]>`
      SELECT pg_backend_pid() AS me, count(*) FILTER (WHERE NOT fastpath) * 4
        > current_setting('max_locks_per_transaction')::bigint * current_setting('max_connections')::bigint AS full
      FROM pg_lock_status()`;
    if (seen === undefined) return;
    if (seen.full) {
      await sql`SELECT pg_advisory_unlock_all()`;
      ballastOf = 0;
      const ended = await sql<{ role: string }[]>`SELECT end_lock_hogs AS role
        FROM public.end_lock_hogs()`;
      for (const { role } of ended) {
        metrics.sessionsEnded('locks');
        log.warn({ role }, 'sessions ended: they held too much of the lock table');
      }
    }
    if (ballastOf === seen.me) return;
    await sql`SELECT count(pg_try_advisory_lock(${randomKey()}::bigint + i))
      FROM generate_series(1, ${BALLAST}::int) i`;
    ballastOf = seen.me;
  }

  const sessions = tenantSessions(sql);
  /** A look is also needed for the ballast of a new session. */
  const isNeeded = async (): Promise<boolean> => {
    const { others, me } = await sessions();
    return others > 0 || me !== ballastOf;
  };
  const looks = lookEvery(INTERVAL_MS, 'locks', look, {
    ...{ metrics, log, isNeeded },
  });
  return {
    async close() {
      looks.close();
      await closePostgres(sql);
    },
  };
}

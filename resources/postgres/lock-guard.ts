/**
 * Ends the sessions of a sandbox that fills Postgres' lock table. All roles share the table,
 * without a limit. One statement fills it in 150 ms (seen: 35,582 advisory locks); then nobody can
 * write or log in.
 */
import { customAlphabet } from 'nanoid';
import type { Logger } from '../../platform/log.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { lookEvery, type GuardMetrics } from '../guard.js';
import { tenantSessions } from './tenant-sessions.js';

/** Often enough that other sandboxes find room between two attempts to fill the table. */
const INTERVAL_MS = 200;
/**
 * Table entries that this session keeps for itself: with a full table the query needs about ten.
 * Taken without waiting, so a tenant with the same key cannot block us.
 */
const BALLAST = 200;
const randomKey = customAlphabet('123456789', 15);

/** Looks until it is closed. Logs and counts ended sessions and failed looks. */
export function guardLocks(
  databaseUrl: string,
  metrics: GuardMetrics,
  log: Logger,
): { close(): Promise<void> } {
  // Its own session: a pool's sessions may all be busy.
  const sql = openPostgres(databaseUrl, { name: 'bd worker guard', max: 1 });
  let ballastOf = 0;

  async function look(): Promise<void> {
    // Functions, no views: pg_locks and pg_stat_activity read shared tables, which need locks in
    // the full table.
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
  /** A new session also needs a look, to take its ballast. */
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

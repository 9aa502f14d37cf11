/** Keeps `sandbox_active_total` true: counted from the rows, so that it survives a restart. */
import { inArray, sql } from 'drizzle-orm';
import type { LifecycleMetrics } from '../activities/metrics.js';
import { messageOf } from '../domain/errors.js';
import { LIVE_STATUSES } from '../domain/status.js';
import type { Logger } from '../platform/log.js';
import { inDatabase, type Database } from '../store/database.js';
import { sandboxes } from '../store/schema.js';

const INTERVAL_MS = 5_000;

export function countActive(
  database: Database,
  metrics: LifecycleMetrics,
  log: Logger,
): { close(): void } {
  const count = async (): Promise<void> => {
    const rows = await inDatabase(() =>
      database.db
        .select({ owner: sandboxes.owner, count: sql<number>`count(*)::int` })
        .from(sandboxes)
        .where(inArray(sandboxes.status, [...LIVE_STATUSES]))
        .groupBy(sandboxes.owner),
    );
    metrics.active(new Map(rows.map((row) => [row.owner, row.count])));
  };
  const tick = (): void => {
    count().catch((error: unknown) => {
      log.debug({ err: messageOf(error) }, 'live sandboxes could not be counted');
    });
  };
  tick();
  const timer = setInterval(tick, INTERVAL_MS);
  return {
    close: () => {
      clearInterval(timer);
    },
  };
}

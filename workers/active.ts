/** Keeps `sandbox_active_total` correct: counts the rows, so it survives a restart. */
import type { LifecycleMetrics } from '../activities/metrics.js';
import { messageOf } from '../domain/errors.js';
import { every } from '../platform/every.js';
import type { Logger } from '../platform/log.js';
import type { Database } from '../store/database.js';
import { countLiveByOwner } from '../store/sandboxes.js';

const INTERVAL_MS = 5_000;

export function countActive(
  database: Database,
  metrics: LifecycleMetrics,
  log: Logger,
): { close(): void } {
  const count = async (): Promise<void> => {
    try {
      metrics.active(await countLiveByOwner(database));
    } catch (error) {
      log.debug({ err: messageOf(error) }, 'live sandboxes could not be counted');
    }
  };
  void count();
  return every(INTERVAL_MS, count);
}

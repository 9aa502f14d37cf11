/**
 * Ends a sandbox's connections to Redis where there are too many: the server has a limit for all (10,000 unless told otherwise)
 * and none for a user.
 */
import type { LifecycleMetrics } from '../activities/metrics.js';
import { messageOf } from '../domain/errors.js';
import { sandboxIdIn } from '../domain/names.js';
import { every } from '../platform/every.js';
import type { Logger } from '../platform/log.js';
import type { Redis } from '../platform/redis.js';

/** The server writes a line for each connection and answers nobody else meanwhile. */
const INTERVAL_MS = 2_000;
/** Of one sandbox at once. */
export const MAX_REDIS_CONNECTIONS = 200;

/** Looks until it is closed; what it ends, and each look that fails, is logged and counted. */
export function guardConnections(
  redis: Redis,
  metrics: Pick<LifecycleMetrics, 'sessionsEnded' | 'guardFailed'>,
  log: Logger,
): { close(): void } {
  async function look(): Promise<void> {
    const list = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'normal'));
    const counts = new Map<string, number>();
    for (const [, user = ''] of list.matchAll(/ user=(\S+)/g))
      counts.set(user, (counts.get(user) ?? 0) + 1);
    for (const [user, count] of counts) {
      if (count <= MAX_REDIS_CONNECTIONS || sandboxIdIn(user, 'sandbox_') === null) continue;
      await redis.call('CLIENT', 'KILL', 'USER', user);
      metrics.sessionsEnded('connections');
      log.warn({ user, count }, 'connections to Redis ended: there were too many');
    }
  }

  return every(INTERVAL_MS, () =>
    look().catch((error: unknown) => {
      metrics.guardFailed('connections');
      log.debug({ err: messageOf(error) }, 'the connections to Redis could not be counted');
    }),
  );
}

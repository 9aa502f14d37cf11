/** How each guard looks: lock-guard.ts, wait-guard.ts, connection-guard.ts. */
import type { Guard, LifecycleMetrics } from '../activities/metrics.js';
import { messageOf } from '../domain/errors.js';
import { every } from '../platform/every.js';
import type { Logger } from '../platform/log.js';

export type GuardMetrics = Pick<LifecycleMetrics, 'sessionsEnded' | 'guardFailed'>;

/** Looks every `millis` until it is closed; each look that fails is counted and logged, and the next one comes all the same. */
export function lookEvery(
  millis: number,
  guard: Guard,
  look: () => Promise<void>,
  { metrics, log }: { readonly metrics: GuardMetrics; readonly log: Logger },
): { close(): void } {
  return every(millis, () =>
    look().catch((error: unknown) => {
      metrics.guardFailed(guard);
      log.debug({ guard, err: messageOf(error) }, 'a guard could not look');
    }),
  );
}

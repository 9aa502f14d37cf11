/** How each guard looks: postgres/lock-guard.ts, postgres/wait-guard.ts, redis/connection-guard.ts. */
import { messageOf } from '../domain/errors.js';
import { every } from '../platform/every.js';
import type { Logger } from '../platform/log.js';

export type Guard = 'locks' | 'waits' | 'connections';

/** What the guards count (activities/metrics.ts). */
export interface GuardMetrics {
  /** A guard has ended the sessions of a sandbox that took too much of a shared server. */
  sessionsEnded(guard: Guard): void;
  guardFailed(guard: Guard): void;
}

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

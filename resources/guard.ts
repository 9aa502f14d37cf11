/**
 * The loop of each guard: postgres/lock-guard.ts, postgres/wait-guard.ts,
 * redis/connection-guard.ts.
 */
import { messageOf } from '../domain/errors.js';
import { every } from '../platform/every.js';
import type { Logger } from '../platform/log.js';

export type Guard = 'locks' | 'waits' | 'connections';

/** The guards' counters (activities/metrics.ts). */
export interface GuardMetrics {
  /** A guard has ended a sandbox's sessions, because they took too much of a shared server. */
  sessionsEnded(guard: Guard): void;
  guardFailed(guard: Guard): void;
}

/** Looks that an idle guard skips before it asks again whether it is needed. */
const LEFT_OUT = 4;
const ASKED_EVERY = 10;

export interface Looks {
  readonly metrics: GuardMetrics;
  readonly log: Logger;
  /**
   * Asked now and then. While it is false, four of five looks are skipped, and the fifth only asks
   * again.
   */
  readonly isNeeded?: () => Promise<boolean>;
}

/**
 * Looks every `millis` until it is closed. A failed look is counted and logged; the next one
 * follows.
 */
export function lookEvery(
  millis: number,
  guard: Guard,
  look: () => Promise<void>,
  { metrics, log, isNeeded = () => Promise.resolve(true) }: Looks,
): { close(): void } {
  let leftOut = 0;
  let looks = 0;
  const turn = async (): Promise<void> => {
    // A server that cannot answer this may need the guard, so look.
    if (looks === 0 && !(await isNeeded().catch(() => true))) {
      leftOut = LEFT_OUT;
      return;
    }
    looks = (looks + 1) % ASKED_EVERY;
    await look();
  };
  return every(millis, () => {
    if (leftOut > 0) {
      leftOut -= 1;
      return Promise.resolve();
    }
    return turn().catch((error: unknown) => {
      metrics.guardFailed(guard);
      log.debug({ guard, err: messageOf(error) }, 'a guard could not look');
    });
  });
}

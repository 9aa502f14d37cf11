/**
 * The loop of each guard: postgres/lock-guard.ts, postgres/wait-guard.ts,
 * redis/connection-guard.ts.
 */
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../platform/log.js';

export type Guard = 'locks' | 'waits' | 'connections';

/** The guards' counters (activities/metrics.ts). */
export interface GuardMetrics {
  /** A guard has ended a sandbox's sessions, because they took too much of a shared server. */
  sessionsEnded(guard: Guard): void;
  guardFailed(guard: Guard): void;
}

/** An idle guard asks again whether it is needed after this many intervals. It does not wake before. */
const IDLE_INTERVALS = 5;
const ASKED_EVERY = 10;

export interface Looks {
  readonly metrics: GuardMetrics;
  readonly log: Logger;
  /**
   * Asked now and then. While it is false, the guard does not look, and asks again five intervals
   * later.
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
  let looks = 0;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  /** Resolves to the number of intervals until the next turn. */
  const turn = async (): Promise<number> => {
    // A server that cannot answer this may need the guard, so look.
    if (looks === 0 && !(await isNeeded().catch(() => true))) return IDLE_INTERVALS;
    looks = (looks + 1) % ASKED_EVERY;
    await look();
    return 1;
  };
  const next = (intervals: number, began: number): void => {
    if (closed) return;
    timer = setTimeout(run, Math.max(0, intervals * millis - (performance.now() - began)));
  };
  const run = (): void => {
    const began = performance.now();
    turn().then(
      (intervals) => next(intervals, began),
      (error: unknown) => {
        metrics.guardFailed(guard);
        log.debug({ guard, err: messageOf(error) }, 'a guard could not look');
        next(1, began);
      },
    );
  };
  next(1, performance.now());
  return {
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

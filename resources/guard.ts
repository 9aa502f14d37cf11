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

/** Of a guard that has nothing to guard against: how many looks it leaves out, and after how many it asks. */
const LEFT_OUT = 4;
const ASKED_EVERY = 10;

export interface Looks {
  readonly metrics: GuardMetrics;
  readonly log: Logger;
  /** Asked now and then; while it is false, only every fifth look comes, and it only asks again. */
  readonly isNeeded?: () => Promise<boolean>;
}

/** Looks every `millis` until it is closed. A look that fails is counted and logged; the next one comes all the same. */
export function lookEvery(
  millis: number,
  guard: Guard,
  look: () => Promise<void>,
  { metrics, log, isNeeded = () => Promise.resolve(true) }: Looks,
): { close(): void } {
  let leftOut = 0;
  let looks = 0;
  const turn = async (): Promise<void> => {
    // A server that cannot answer this may be the one to guard: then look.
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

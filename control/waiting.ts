/** A call that waits while workers are busy, and ends as soon as none takes work. */
import { delay } from '../platform/deadline.js';
import type { TemporalClient } from '../platform/temporal.js';
import { isNotReady } from './temporal-errors.js';
import { WorkerPresence, type OnBusy } from './worker-presence.js';

/**
 * How long a call waits for busy workers. The work continues after that: it belongs to the
 * workflow.
 */
const BUSY_MS = 120_000;

const NOT_READY_MS = 250;

export interface WaitingOptions {
  readonly taskQueue: string;
  readonly onBusy?: OnBusy;
  /** The workers' silence after which a waiting call fails. Default 20 000. */
  readonly silentMs?: number;
}

export class Waiting {
  private readonly presence: WorkerPresence;
  private readonly onBusy: OnBusy;

  constructor(
    private readonly temporal: TemporalClient,
    { taskQueue, onBusy = () => undefined, silentMs }: WaitingOptions,
  ) {
    this.presence = new WorkerPresence(temporal, taskQueue, silentMs);
    this.onBusy = onBusy;
  }

  /**
   * One call while workers take work. Sent again while the run is not ready, so `call` carries an
   * id that Temporal knows again.
   */
  answered<T>(consequence: string, call: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + BUSY_MS;
    const untilReady = async (signal: AbortSignal): Promise<T> => {
      const { connection } = this.temporal;
      for (;;) {
        try {
          // The SDK never takes a listener off its signal again: each attempt has its own.
          return await connection.withAbortSignal(AbortSignal.any([signal]), () =>
            connection.withDeadline(deadline, call),
          );
        } catch (error) {
          if (signal.aborted || !isNotReady(error) || Date.now() > deadline - NOT_READY_MS)
            throw error;
          await delay(NOT_READY_MS);
        }
      }
    };
    return this.whileServed(consequence, untilReady);
  }

  /**
   * The outcome of `work`. @throws SANDBOX_009 as soon as no worker takes work, or if workers stay
   * busy for too long
   */
  async whileServed<T>(
    consequence: string,
    work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  ): Promise<T> {
    const over = new AbortController();
    const done = typeof work === 'function' ? work(over.signal) : work;
    done.catch(() => undefined);
    try {
      const unserved = this.presence.untilUnserved(consequence, this.onBusy, over.signal);
      return await Promise.race([done, unserved]);
    } finally {
      over.abort();
    }
  }
}

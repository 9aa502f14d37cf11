/** Retries work until it succeeds: the one loop for servers that are away. */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf, SandboxError } from '../domain/errors.js';

/** `retryUntil` throws it when its signal is aborted. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export interface RetryOptions {
  /** The work's name, for each log line. */
  readonly what: string;
  readonly log: { warn(facts: object, text: string): void };
  /** Milliseconds before the second attempt; doubled for each further one. Default 250. */
  readonly firstMs?: number;
  /** The longest pause, in milliseconds. Default 5,000. */
  readonly longestMs?: number;
  /** Ends the retries. A running attempt is awaited, so that nothing opens after the end. */
  readonly signal?: AbortSignal;
  /** True for a failure that a retry cannot mend: it is thrown at once. Default: false. */
  readonly isFinal?: (error: unknown) => boolean;
}

/** The same failure is logged once in this time. */
const REPEAT_MS = 5_000;

/**
 * The result of the first attempt that succeeds.
 * @throws StoppedError when the signal is aborted; failures that `isFinal` accepts
 */
export async function retryUntil<T>(
  work: () => Promise<T>,
  { what, log, firstMs = 250, longestMs = 5_000, signal, isFinal }: RetryOptions,
): Promise<T> {
  let logged = { message: '', at: -Infinity };
  for (let attempt = 0; ; attempt += 1) {
    if (signal?.aborted === true) throw new StoppedError(`${what}: stopped`);
    try {
      return await work();
    } catch (error) {
      if (isFinal?.(error) === true) throw error;
      const message = messageOf(error);
      const now = performance.now();
      if (message !== logged.message || now - logged.at >= REPEAT_MS) {
        logged = { message, at: now };
        const hint = error instanceof SandboxError ? { hint: error.hint } : {};
        log.warn({ err: message, attempt: attempt + 1, ...hint }, what);
      }
    }
    // An abort ends the pause early, and the loop's head throws.
    await pause(Math.min(firstMs * 2 ** attempt, longestMs), undefined, {
      ...(signal === undefined ? {} : { signal }),
    }).catch(() => undefined);
  }
}

/** Waiting mends neither an address nor a certificate. */
export const isMisconfigured = (error: unknown): boolean =>
  error instanceof SandboxError && error.code === 'SANDBOX_008';

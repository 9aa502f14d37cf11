/**
 * Closes the parts of a process in the reverse order of opening, also if opening fails half-way.
 */
import { messageOf } from '../domain/errors.js';
import { withDeadline } from './deadline.js';

/** Called for each part that fails to close. The others are closed all the same. */
export type CloseFailure = (what: string, error: unknown) => void;

interface Part {
  readonly what: string;
  readonly close: () => unknown;
  /** How long its close may take, in milliseconds. */
  readonly withinMs: number;
}

/** Longer than a driver's own limit (platform/postgres.ts, 3 s). */
const CLOSE_MS = 5_000;

export class Closer implements AsyncDisposable {
  private readonly parts: Part[] = [];
  private closing: Promise<void> | undefined;

  constructor(private readonly onFailure: CloseFailure) {}

  /**
   * Awaits the opening of a part, and closes the part in its turn.
   * @param withinMs default 5,000: a slower close is reported and no longer awaited
   */
  async open<T>(
    what: string,
    opening: T | Promise<T>,
    close: (opened: T) => unknown,
    withinMs?: number,
  ): Promise<T> {
    const opened = await opening;
    await this.add(what, () => close(opened), withinMs);
    return opened;
  }

  /** Adds an open part. After `close()` it is closed at once. */
  async add(what: string, close: () => unknown, withinMs = CLOSE_MS): Promise<void> {
    const part = { what, close, withinMs };
    if (this.closing === undefined) this.parts.push(part);
    else await this.end(part);
  }

  /** Never rejects. Closes each part once, however often it is called. */
  close(): Promise<void> {
    return (this.closing ??= this.endAll());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async endAll(): Promise<void> {
    for (let part = this.parts.pop(); part !== undefined; part = this.parts.pop())
      await this.end(part);
  }

  private async end({ what, close, withinMs }: Part): Promise<void> {
    try {
      // In a promise: a synchronous throw of `close` becomes a rejection.
      await withDeadline(Promise.resolve().then(close), withinMs, what);
    } catch (error) {
      this.onFailure(what, error);
    }
  }
}

/** Logs a failed close. */
export const loggingCloser = (log: { warn: (facts: object, message: string) => void }): Closer =>
  new Closer((what, error) => {
    log.warn({ what, err: messageOf(error) }, 'could not be closed');
  });

/**
 * Waits for all, even if one fails. So nothing is still opening when the first failure is thrown.
 */
export async function allOpened<T extends readonly unknown[]>(openings: {
  readonly [I in keyof T]: Promise<T[I]>;
}): Promise<T> {
  try {
    return await Promise.all(openings);
  } catch (error) {
    await Promise.allSettled(openings);
    throw error;
  }
}

/** What a process has open, closed in the reverse order of its opening: also when the opening fails half-way. */
import { messageOf } from '../domain/errors.js';
import { withDeadline } from './deadline.js';

/** Called for each part that cannot be closed; the others are closed none the less. */
export type CloseFailure = (what: string, error: unknown) => void;

interface Part {
  readonly what: string;
  readonly close: () => unknown;
  /** How long its close may take, in milliseconds. */
  readonly withinMs: number;
}

/** Longer than a driver's own deadline for its end (platform/postgres.ts, 3 s). */
const CLOSE_MS = 5_000;

export class Closer implements AsyncDisposable {
  private readonly parts: Part[] = [];
  private closing: Promise<void> | undefined;

  constructor(private readonly onFailure: CloseFailure) {}

  /**
   * Awaits the opening of a part, and closes it in its turn.
   * @param withinMs default 5,000: a close that takes longer is reported, and not awaited any more
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

  /** A part that is open already. What comes after the close is closed at once. */
  async add(what: string, close: () => unknown, withinMs = CLOSE_MS): Promise<void> {
    const part = { what, close, withinMs };
    if (this.closing === undefined) this.parts.push(part);
    else await this.end(part);
  }

  /** Never rejects. Everything is closed once, however often this is called. */
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
      // Behind a promise: a throw of `close` becomes a rejection as well.
      await withDeadline(Promise.resolve().then(close), withinMs, what);
    } catch (error) {
      this.onFailure(what, error);
    }
  }
}

/** Where a failed close is a line in the log. */
export const loggingCloser = (log: { warn: (facts: object, message: string) => void }): Closer =>
  new Closer((what, error) => {
    log.warn({ what, err: messageOf(error) }, 'could not be closed');
  });

/** Waits for all of them, also where one fails: nothing is still opening when the first failure is thrown. */
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

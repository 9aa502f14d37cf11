/** What a process has open, closed in the reverse order of its opening: also when the opening fails half-way. */
import { messageOf } from '../domain/errors.js';
import { withDeadline } from './deadline.js';

/** Called for each part that cannot be closed; the others are closed none the less. */
export type CloseFailure = (what: string, error: unknown) => void;

interface Part {
  readonly what: string;
  readonly close: () => unknown;
}

/** Longer than a driver's own deadline for its end (platform/postgres.ts, 3 s). */
const CLOSE_MS = 5_000;

export class Closer implements AsyncDisposable {
  private readonly parts: Part[] = [];
  private closing: Promise<void> | undefined;

  constructor(
    private readonly onFailure: CloseFailure,
    private readonly closeMs = CLOSE_MS,
  ) {}

  /**
   * Opens a part, and knows from then on how to close it.
   * @param close returns at once, or a promise that is awaited for at most `closeMs`
   */
  async open<T>(what: string, opening: T | Promise<T>, close: (opened: T) => unknown): Promise<T> {
    const opened = await opening;
    await this.add(what, () => close(opened));
    return opened;
  }

  /** A part that is open already. What comes after the close is closed at once. */
  async add(what: string, close: () => unknown): Promise<void> {
    const part = { what, close };
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

  private async end({ what, close }: Part): Promise<void> {
    try {
      // An async function: what `close` throws at once is a rejection as well.
      await withDeadline((async () => close())(), this.closeMs, what);
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

/**
 * The result of `open`, which closes everything by the closer that it is given. Where it throws, what it had opened is
 * closed before the error goes on.
 */
export async function openAll<T>(closer: Closer, open: (closer: Closer) => Promise<T>): Promise<T> {
  try {
    return await open(closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

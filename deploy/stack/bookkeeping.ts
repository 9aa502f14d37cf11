/**
 * Files about the stack that the stack itself can do without (records, logs, state for other processes). A write that fails
 * stops nothing: the status shows its reason, and it is repeated until it succeeds.
 */
import { statfs } from 'node:fs/promises';
import { messageOf } from '../../domain/errors.js';
import { every } from '../../platform/every.js';

const REPEAT_EVERY_MS = 2_000;
/** Postgres allocates its log in segments of 16 MiB: with less than two of them its writes begin to fail. */
const LOW_BYTES = 32 * 1_048_576;

interface Failure {
  readonly reason: string;
  /** Null: somebody else repeats the write, and tells. */
  readonly again: (() => Promise<unknown>) | null;
}

export class Bookkeeping {
  private readonly failures = new Map<string, Failure>();
  /** From the first failure on. */
  private repeating: { close(): void } | null = null;

  constructor(
    private readonly home: string,
    private readonly onChange: (text: string) => void,
  ) {}

  /** Writes `what`; never rejects. `write` must write the newest state, since it is repeated later. */
  async keep(what: string, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
      this.succeeded(what);
    } catch (error) {
      this.failed(what, error, write);
    }
  }

  /** @param again repeats the write; absent: somebody else does, and tells */
  failed(what: string, error: unknown, again: Failure['again'] = null): void {
    const reason = messageOf(error);
    const known = this.failures.get(what)?.reason;
    this.failures.set(what, { reason, again });
    this.repeating ??= every(REPEAT_EVERY_MS, () => this.repeat());
    if (known !== reason) this.onChange(`${what} cannot be written: ${reason}`);
  }

  succeeded(what: string): void {
    if (this.failures.delete(what)) this.onChange(`${what} is written again`);
  }

  /** One line for each thing that is not as it should be; empty when all is well. */
  async troubles(): Promise<string[]> {
    const files = [...this.failures].map(
      ([what, { reason }]) => `${what} cannot be written: ${reason}`,
    );
    const free = await freeBytes(this.home);
    if (free >= LOW_BYTES) return files;
    return [`the disk of ${this.home} is full: ${Math.floor(free / 1_048_576)} MiB free`, ...files];
  }

  async hasRoom(): Promise<boolean> {
    return (await freeBytes(this.home)) >= LOW_BYTES;
  }

  close(): void {
    this.repeating?.close();
  }

  private async repeat(): Promise<void> {
    for (const [what, { again }] of [...this.failures])
      if (again !== null) await this.keep(what, again);
  }
}

/** What this user may still write below `path`; without end where the system does not say. */
async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

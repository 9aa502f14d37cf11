/** Changes whose failure may have been committed: Postgres commits, then dies before it answers. */
import { condition, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { SandboxMachine } from './sandbox-machine.js';
import { failureOf, isRefusal, toApplicationFailure } from './failures.js';

/** How long a caller waits for certainty, after the attempts' 12 s. */
const CERTAINTY_WAIT = '5s';

export interface Change<T> {
  /** Such as `unregister guild 1…`: names the work that continues after the answer. */
  readonly what: string;
  /** Bounded attempts. */
  readonly attempt: () => Promise<T>;
  /** Retried until the change is certain: completes it, or takes it back and throws `failure`. */
  readonly settle: (failure: unknown) => Promise<T>;
}

/**
 * Settles a failed change, however long servers are away: completes it, or takes it back. The
 * caller waits for a while; then its error names the open work. The next change begins when this
 * one is settled.
 */
export class SettledOperation {
  /** The open work. */
  private open: string | null = null;
  private settling: Promise<unknown> = Promise.resolve();

  constructor(private readonly sandbox: SandboxMachine) {}

  get isSettled(): boolean {
    return this.open === null;
  }

  /** Resolves when no work is open. Never rejects. */
  async settled(): Promise<void> {
    await this.settling.catch(() => undefined);
  }

  /** @throws SANDBOX_009 if an earlier change takes longer than a caller waits */
  async awaitEarlier(): Promise<void> {
    const { open } = this;
    if (open === null || (await this.isOverInTime())) return;
    throw goesOn(`an earlier change is still under way: ${open}`);
  }

  /** @throws the refusal, or SANDBOX_009 if the change continues */
  async run<T>({ what, attempt, settle }: Change<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      // A clean-up removes everything by itself.
      if (isCancellation(error) || this.sandbox.isEnding() || isRefusal(error)) throw error;
      this.show(what);
      const settled = settle(error).finally(() => {
        this.show(null);
      });
      settled.catch(() => undefined);
      this.settling = settled;
      if (await this.isOverInTime()) return settled;
      const { message } = failureOf(error, 'the change');
      throw goesOn(`${message}; what goes on until it is done: ${what}`);
    }
  }

  private isOverInTime(): Promise<boolean> {
    return condition(() => this.open === null || this.sandbox.isEnding(), CERTAINTY_WAIT);
  }

  /** The details are no command of the workflow, so replay does not depend on their moment. */
  private show(what: string | null): void {
    this.open = what;
    if (this.sandbox.isEnding()) return;
    this.sandbox.activity = what === null ? null : `until it is done: ${what}`;
    setCurrentDetails(this.sandbox.details(Date.now()));
  }
}

/** The caller stops waiting here. The change may still commit, so the workflow completes it. */
const goesOn = (message: string) =>
  toApplicationFailure({
    step: 'update',
    code: 'SANDBOX_009',
    message,
    hint: 'It goes on by itself; the workflow’s current details show it. Try again when it is done.',
  });

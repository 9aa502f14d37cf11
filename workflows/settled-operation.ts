/** Changes whose failure may have been committed: Postgres commits, then dies before it answers. */
import { condition, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { SandboxMachine } from './sandbox-machine.js';
import { failureOf, isRefusal, toApplicationFailure } from './failures.js';

/** How long a caller waits for certainty, beyond the attempts' 12 s. */
const CERTAINTY_WAIT = '5s';

export interface Change<T> {
  /** Such as `unregister guild 1…`; names what goes on after the caller was answered. */
  readonly what: string;
  /** Bounded attempts. */
  readonly attempt: () => Promise<T>;
  /** Retried until the change is certain: carries it out, or takes it back and throws `failure`. */
  readonly settle: (failure: unknown) => Promise<T>;
}

/**
 * A failed change is settled, however long the servers are away: carried out, or taken back. The caller waits for a while and
 * is told then what goes on. The next change begins when this one is settled.
 */
export class SettledOperation {
  /** What goes on. */
  private open: string | null = null;
  private settling: Promise<unknown> = Promise.resolve();

  constructor(private readonly sandbox: SandboxMachine) {}

  get isSettled(): boolean {
    return this.open === null;
  }

  /** Resolves when nothing goes on any more. Never rejects. */
  async settled(): Promise<void> {
    await this.settling.catch(() => undefined);
  }

  /** @throws SANDBOX_009 where an earlier change goes on for longer than a caller waits */
  async awaitEarlier(): Promise<void> {
    const { open } = this;
    if (open === null || (await this.isOverInTime())) return;
    throw goesOn(`an earlier change is still under way: ${open}`);
  }

  /** @throws the refusal, or SANDBOX_009 where the change goes on */
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

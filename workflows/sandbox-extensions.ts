/** A sandbox's longer life: what a caller is told of its expiry is what stands, also where a server died in between. */
import { patched, setCurrentDetails } from '@temporalio/workflow';
import { checkExtended } from '../domain/expiry.js';
import type { ExtendResult } from '../domain/sandbox.js';
import type { SandboxState } from './sandbox-state.js';
import {
  briskly,
  brisklyBesideTimers,
  failureOf,
  isRefusal,
  quick,
  settling,
  unlessItEnds,
  unsettled,
} from './steps.js';

/** Longer than the attempts may take: nearer to the expiry its timer may fire meanwhile. */
const NEAR_MS = 20_000;

/**
 * A failed extension may have been written all the same: Postgres commits, then dies before it answers. The row would tell
 * of another expiry than the workflow ends at, and the next extension would take it for its own. So it is carried out, however
 * long that takes; its caller is told what goes on.
 */
export class Extensions {
  /** One is being written: until it is, or has failed, the sandbox does not end of its earlier expiry. */
  underWay = false;
  /** What may have been written and is carried out. */
  private open: Promise<void> | null = null;

  constructor(
    private readonly state: SandboxState,
    private readonly publish: () => void,
  ) {}

  /** Null where every one is certain; never rejects. */
  get unsettled(): Promise<void> | null {
    return this.open;
  }

  /** @throws SANDBOX_007, or SANDBOX_009 where it is not done in time; it goes on */
  async extend(updateId: string, byMs: number, actor: string): Promise<ExtendResult> {
    const { input, expiresAt } = this.state;
    const known = this.state.doubt(Date.now()) === null ? expiresAt : null;
    const args = [input.sandboxId, known, byMs, actor] as const;
    const summary = `extend by ${actor}`;
    const work = async (kind: typeof quick | typeof settling): Promise<ExtendResult> =>
      kind.extend.executeWithOptions({ summary }, [...args]);
    if (!patched('extended-for-certain')) return this.apply(updateId, await work(quick));
    const near = expiresAt - Date.now() < NEAR_MS;
    this.underWay = true;
    let outcome: ExtendResult;
    try {
      outcome = near
        ? await unlessItEnds(this.state, 'extension', () => work(brisklyBesideTimers))
        : await work(briskly);
    } catch (error) {
      if (this.state.isEnding() || isRefusal(error)) throw error;
      this.open = this.settle(updateId, summary, () => work(settling));
      const { message } = failureOf(error, 'the extension');
      throw unsettled('extend', `${message}; what goes on until it is done: ${summary}`);
    } finally {
      this.underWay = false;
    }
    return this.apply(updateId, outcome);
  }

  /** @throws SANDBOX_011 for an outcome that is not believed: the expiry stays as it was */
  private apply(updateId: string, outcome: ExtendResult): ExtendResult {
    const now = Date.now();
    const known = this.state.doubt(now) === null ? this.state.expiresAt : null;
    checkExtended(outcome.expiresAt, known, now);
    this.state.applyExtension(updateId, outcome);
    this.publish();
    return outcome;
  }

  private async settle(
    updateId: string,
    summary: string,
    work: () => Promise<ExtendResult>,
  ): Promise<void> {
    const { state } = this;
    state.activity = `until it is done: ${summary}`;
    setCurrentDetails(state.details());
    try {
      // Retried for ever: it ends otherwise only with the sandbox, or is refused after all.
      const outcome = await unlessItEnds(state, 'extension', work);
      state.activity = null;
      this.apply(updateId, outcome);
    } catch {
      if (!state.isEnding()) state.activity = null;
    } finally {
      this.open = null;
    }
  }
}

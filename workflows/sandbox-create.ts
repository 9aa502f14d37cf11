/** Makes a sandbox: all of it, or nothing but the reason why not. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { ErrorCode } from '../domain/errors.js';
import { RESOURCE_NAMES, type ResourceName } from '../domain/sandbox.js';
import type { SandboxState } from './sandbox-state.js';
import { failureOf, quick } from './steps.js';

/**
 * Claim, then every resource but the routes side by side, then the routes, then `running`. A destroy that comes meanwhile
 * is not kept waiting: the row's `destroying` refuses whatever is still under way.
 */
export async function create(state: SandboxState, publish: () => void): Promise<void> {
  const startedAt = Date.now();
  const progress = { step: 'claim' };
  try {
    // Not to be cancelled: a claim that went on alone could make a row after the clean-up had found none.
    const claimed = await CancellationScope.nonCancellable(() =>
      quick.claim.executeWithOptions({ summary: 'claim name, place and guilds' }, [state.input]),
    );
    state.createdAt = claimed.createdAt;
    state.expiresAt = claimed.expiresAt;
    state.status = 'creating';
    const made = makeResources(state, progress, startedAt);
    made.catch(() => undefined);
    await Promise.race([made, condition(() => state.isEnding())]);
    if (state.isEnding()) return;
    state.status = 'running';
    publish();
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (state.isEnding() && progress.step !== 'claim') return;
    const failure = failureOf(error, progress.step);
    state.failure = failure;
    state.end({ actor: 'workflow', reason: 'create failed' });
    publish();
    const seconds = (Date.now() - startedAt) / 1000;
    await quick.reportCreateFailure(state.input.sandboxId, failure, seconds).catch(() => undefined);
  }
}

async function makeResources(
  state: SandboxState,
  progress: { step: string },
  startedAt: number,
): Promise<void> {
  const { sandboxId, owner } = state.input;
  const target = { sandboxId, rotation: 0, createdAt: state.createdAt, fresh: true };
  const make = (name: ResourceName): Promise<void> =>
    quick.ensureResource.executeWithOptions({ summary: `make ${name}` }, [name, target]);
  const names = RESOURCE_NAMES.filter((name) => name !== 'guild-routes');
  const outcomes = await Promise.allSettled(names.map(make));
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') {
      progress.step = names[i] ?? 'resources';
      throw outcome.reason;
    }
  }
  if (state.isEnding()) return;
  progress.step = 'guild-routes';
  await make('guild-routes');
  if (state.isEnding()) return;
  progress.step = 'running';
  const seconds = (Date.now() - startedAt) / 1000;
  await quick.markRunning.executeWithOptions({ summary: 'mark running' }, [
    sandboxId,
    owner,
    seconds,
  ]);
}

const REFUSALS: readonly ErrorCode[] = ['SANDBOX_001', 'SANDBOX_002', 'SANDBOX_003', 'SANDBOX_008'];

/** The claim was refused for certain: there is no row and no resource. (One that failed otherwise may have been written.) */
export function claimRefused({ failure }: SandboxState): boolean {
  return failure?.step === 'claim' && REFUSALS.includes(failure.code);
}

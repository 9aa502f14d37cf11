/** Creates a sandbox completely, or leaves only the reason of the failure. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Command } from '../domain/command.js';
import { failureOf } from './failures.js';
import type { SandboxMachine } from './sandbox-machine.js';
import { activityRetried, localRetried, stepOf } from './steps.js';

/**
 * Claim, then all resources in parallel, then the routes, then `running`. A destroy does not wait
 * for a create: the row's `destroying` refuses every step that is still in flight.
 */
export async function create(
  sandbox: SandboxMachine,
  command: Command<'create'>,
  publish: () => void,
): Promise<void> {
  const startedAt = Date.now();
  const progress = { step: 'claim' };
  try {
    // Not cancellable: a claim that continues alone could make a row after the clean-up found none.
    const claimed = await CancellationScope.nonCancellable(() =>
      localRetried.claim.executeWithOptions({ summary: 'claim name, place and guilds' }, [command]),
    );
    sandbox.claimed(claimed);
    const made = makeResources(sandbox, claimed.slow ?? [], progress, startedAt);
    made.catch(() => undefined);
    await Promise.race([made, condition(() => sandbox.isEnding())]);
    if (sandbox.isEnding()) return;
    sandbox.status = 'running';
    publish();
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (sandbox.isEnding() && progress.step !== 'claim') return;
    const failure = failureOf(error, progress.step);
    sandbox.failToCreate(failure);
    publish();
    const seconds = (Date.now() - startedAt) / 1000;
    await localRetried.reportCreateFailure(command, failure, seconds).catch(() => undefined);
  }
}

async function makeResources(
  sandbox: SandboxMachine,
  slow: readonly string[],
  progress: { step: string },
  startedAt: number,
): Promise<void> {
  const target = sandbox.target(true);
  const names = sandbox.resources;
  const outcomes = await Promise.allSettled(
    names.map((name) => {
      const steps = slow.includes(name) ? activityRetried : localRetried;
      return stepOf(steps, name, 'ensure')(target);
    }),
  );
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') {
      progress.step = names[i] ?? 'resources';
      throw outcome.reason;
    }
  }
  if (sandbox.isEnding()) return;
  progress.step = 'guild-routes';
  await localRetried.activateRoutes.executeWithOptions({ summary: 'route its guilds' }, [
    sandbox.sandboxId,
  ]);
  if (sandbox.isEnding()) return;
  progress.step = 'running';
  const seconds = (Date.now() - startedAt) / 1000;
  await localRetried.markRunning.executeWithOptions({ summary: 'mark running' }, [
    sandbox.command,
    seconds,
  ]);
}

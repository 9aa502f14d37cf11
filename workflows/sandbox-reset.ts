/** Empties a running sandbox and rotates its credentials. */
import { condition, patched } from '@temporalio/workflow';
import { RESOURCE_NAMES, type EnsureInput, type ResourceName } from '../domain/sandbox.js';
import type { SandboxState } from './sandbox-state.js';
import {
  brisklyBesideTimers,
  failureOf,
  isRefusal,
  patient,
  quick,
  settling,
  toApplicationFailure,
  unlessItEnds,
} from './steps.js';

/**
 * Half a reset would be worse than none, so what fails is tried until it succeeds or the sandbox ends: a destroy is not
 * kept waiting, and its fences refuse what is still under way.
 */
export async function reset(state: SandboxState, actor: string): Promise<void> {
  if (patched('reset-begins-for-certain')) {
    state.rotation = await unlessItEnds(state, 'reset', () => begin(state, actor));
    await finishReset(state);
    return;
  }
  state.rotation = await quick.beginReset(state.input.sandboxId, state.rotation, actor);
  const done = resetResources(state, async (name, target) => {
    try {
      await quick.resetResource(name, target);
    } catch (error) {
      if (state.isEnding() || failureOf(error, name).code === 'SANDBOX_007') throw error;
      await resetPatiently(name, target);
    }
  });
  done.catch(() => undefined);
  await Promise.race([done, condition(() => state.isEnding())]);
  if (state.isEnding()) {
    throw toApplicationFailure({
      step: 'reset',
      code: 'SANDBOX_007',
      message: `sandbox ${state.input.sandboxId} ended during its reset`,
      hint: '',
    });
  }
}

/** The servers' part of it: each is done once for a rotation, so it may be run again. */
export async function finishReset(state: SandboxState): Promise<void> {
  await unlessItEnds(state, 'reset', () => resetResources(state, resetPatiently));
}

const resetPatiently = (name: ResourceName, target: EnsureInput): Promise<void> =>
  patient.resetResource.executeWithOptions({ summary: `reset ${name}` }, [name, target]);

async function resetResources(
  { rotation, createdAt, input }: SandboxState,
  one: (name: ResourceName, target: EnsureInput) => Promise<void>,
): Promise<void> {
  const target = { sandboxId: input.sandboxId, rotation, createdAt, fresh: false };
  const names = RESOURCE_NAMES.filter((name) => name !== 'guild-routes');
  await Promise.all(names.map((name) => one(name, target)));
}

/**
 * The raised rotation. One that may be written is raised for certain: `connect` derives passwords from it that no server would
 * know before the rest of the reset.
 */
async function begin(state: SandboxState, actor: string): Promise<number> {
  const args = [state.input.sandboxId, state.rotation, actor] as const;
  const summary = `reset by ${actor}`;
  try {
    return await brisklyBesideTimers.beginReset.executeWithOptions({ summary }, [...args]);
  } catch (error) {
    if (state.isEnding() || isRefusal(error)) throw error;
    return settling.beginReset.executeWithOptions({ summary }, [...args]);
  }
}

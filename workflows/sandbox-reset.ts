/** Empties a running sandbox and rotates its credentials. */
import { condition } from '@temporalio/workflow';
import { RESOURCE_NAMES, type ResourceName } from '../domain/sandbox.js';
import type { SandboxState } from './sandbox-state.js';
import { failureOf, patient, quick, toApplicationFailure } from './steps.js';

/**
 * Half a reset would be worse than none, so what fails is tried until it succeeds or the sandbox ends: a destroy is not
 * kept waiting, and its fences refuse what is still under way.
 */
export async function reset(state: SandboxState, actor: string): Promise<void> {
  const { sandboxId } = state.input;
  state.rotation = await quick.beginReset(sandboxId, state.rotation, actor);
  const { rotation, createdAt } = state;
  const target = { sandboxId, rotation, createdAt, fresh: false };
  const one = async (name: ResourceName): Promise<void> => {
    try {
      await quick.resetResource(name, target);
    } catch (error) {
      if (state.isEnding() || failureOf(error, name).code === 'SANDBOX_007') throw error;
      await patient.resetResource.executeWithOptions({ summary: `reset ${name}` }, [name, target]);
    }
  };
  const done = Promise.all(RESOURCE_NAMES.filter((name) => name !== 'guild-routes').map(one));
  done.catch(() => undefined);
  await Promise.race([done, condition(() => state.isEnding())]);
  if (state.isEnding()) {
    throw toApplicationFailure({
      step: 'reset',
      code: 'SANDBOX_007',
      message: `sandbox ${sandboxId} ended during its reset`,
      hint: '',
    });
  }
}

/** Destroys one sandbox, and waits for the end at most as long as a person would. */
import { SandboxError } from '../../domain/errors.js';
import type { DestroyResult, Control } from '../../domain/control.js';
import { delay } from '../../platform/deadline.js';
import type { Target } from './targets.js';

/** A clean-up that is retried for longer continues without the command. */
const PATIENCE_MS = 15_000;

/** @throws SANDBOX_006 if the clean-up is still being retried */
export async function destroyOne(
  api: Control,
  { ref, shown }: Target,
  wait: boolean,
): Promise<DestroyResult> {
  const outcome = await api.destroy(ref);
  if (outcome.alreadyDestroyed || !wait) return outcome;
  const { id: sandboxId } = outcome.sandbox;
  const ended = api.waitUntilDestroyed(sandboxId);
  const late = delay(PATIENCE_MS).then(() => null);
  const sandbox = await Promise.race([ended, late]);
  if (sandbox !== null) return { sandbox, alreadyDestroyed: false };
  ended.catch(() => undefined);
  const { cleanupError } = await api.status(sandboxId);
  throw new SandboxError(
    'SANDBOX_006',
    `the clean-up of ${shown} is being retried and continues by itself; it waits for: ${cleanupError ?? 'its worker'}`,
  );
}

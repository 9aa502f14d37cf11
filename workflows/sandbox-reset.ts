/** The servers' part of a reset: each is done once for a rotation, so it may run again. */
import { RESOURCE_NAMES } from '../domain/sandbox.js';
import type { SandboxMachine } from './sandbox-machine.js';
import { untilDone } from './steps.js';

export async function resetResources(sandbox: SandboxMachine): Promise<void> {
  const target = sandbox.target(false);
  const names = RESOURCE_NAMES.filter((name) => name !== 'guild-routes');
  await Promise.all(
    names.map((name) =>
      untilDone.resetResource.executeWithOptions({ summary: `reset ${name}` }, [name, target]),
    ),
  );
}

/** The servers' part of a reset. Each resource resets once per rotation, so it may run again. */
import type { SandboxMachine } from './sandbox-machine.js';
import { stepOf, untilDone } from './steps.js';

export async function resetResources(sandbox: SandboxMachine): Promise<void> {
  const target = sandbox.target(false);
  await Promise.all(sandbox.resources.map((name) => stepOf(untilDone, name, 'reset')(target)));
}

/** The sleep of a sandbox: until its expiry, whatever its updates are at. */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import { WORKFLOW_ACTOR } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import type { SandboxChanges } from './sandbox-changes.js';
import type { SandboxMachine } from './sandbox-machine.js';
import type { sandboxWorkflow } from './sandbox.js';

/** Returns when the sandbox is to end. Decides anew after every change; continues as new when the server suggests it. */
export async function sleepUntilEnd(
  sandbox: SandboxMachine,
  changes: SandboxChanges,
  command: Command<'create'>,
): Promise<void> {
  const suggested = (): boolean => workflowInfo().continueAsNewSuggested;
  // Handlers still at work would lose their callers (temporalio/features#467).
  const idle = (): boolean => allHandlersFinished() && changes.areSettled;
  while (!sandbox.isEnding()) {
    const { expiresAt } = sandbox;
    const next = sandbox.next(Date.now());
    if (next.kind === 'end') {
      if (!changes.isExtending) {
        sandbox.end(WORKFLOW_ACTOR, 'expired');
        return;
      }
      // The caller of an extension must not see the sandbox end at its earlier expiry.
      await condition(() => !changes.isExtending || sandbox.isEnding());
      continue;
    }
    const { millis, summary } = next;
    const changed = (): boolean => sandbox.isEnding() || sandbox.expiresAt !== expiresAt;
    await condition(() => changed() || suggested(), millis, { summary });
    if (sandbox.isEnding() || !suggested()) continue;
    if (!idle()) {
      // A change may wait for a server for longer than the sandbox lives. A later expiry is seen when this one has come.
      const left = expiresAt - Date.now();
      if (left > 0) await condition(() => sandbox.isEnding() || idle(), left, { summary });
      if (!idle()) continue;
    }
    if (!sandbox.isEnding()) {
      const start = { kind: 'resume', state: sandbox.carry() } as const;
      await continueAsNew<typeof sandboxWorkflow>(command, start);
    }
  }
}

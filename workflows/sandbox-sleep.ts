/** The sleep of a sandbox: until its expiry, whatever its updates are at. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { Extensions } from './sandbox-extensions.js';
import type { GuildChanges } from './sandbox-guilds.js';
import type { SandboxState } from './sandbox-state.js';
import type { sandboxWorkflow } from './sandbox.js';

/** Returns when the sandbox is to end. Recomputed after every change; continues as new when the server suggests it. */
export async function sleepUntilEnd(
  state: SandboxState,
  guilds: GuildChanges,
  extensions: Extensions,
): Promise<void> {
  const suggested = (): boolean => workflowInfo().continueAsNewSuggested;
  const idle = (): boolean =>
    allHandlersFinished() && guilds.settled && extensions.unsettled === null;
  while (!state.isEnding()) {
    const { expiresAt } = state;
    const remaining = expiresAt - Date.now();
    if (remaining <= 0) {
      if (extensions.underWay) {
        // Who is just being told of a later expiry must not see it end at the earlier one.
        await condition(() => !extensions.underWay || state.isEnding());
        continue;
      }
      state.end({ actor: 'workflow', reason: 'expired' });
      return;
    }
    const changed = (): boolean => state.isEnding() || state.expiresAt !== expiresAt;
    const summary = `expires ${new Date(expiresAt).toISOString()}`;
    await condition(() => changed() || suggested(), remaining, { summary });
    if (state.isEnding() || !suggested()) continue;
    // Handlers still at work would lose their callers (traps.md 1).
    if (!idle() && patched('expires-before-it-continues')) {
      // One may wait for a server for longer than the sandbox lives. A later expiry is seen when this one has come.
      const left = expiresAt - Date.now();
      if (left > 0) await condition(() => state.isEnding() || idle(), left, { summary });
      if (!idle()) continue;
    } else {
      await condition(allHandlersFinished);
      await condition(() => guilds.settled || state.isEnding());
    }
    if (!state.isEnding()) {
      const next = { kind: 'resume', state: state.carry() } as const;
      await continueAsNew<typeof sandboxWorkflow>(state.input, next);
    }
  }
}

/** The sleep of a sandbox: until its expiry, whatever its updates are at. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  patched,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { isTime, shownTime } from '../domain/expiry.js';
import type { Extensions } from './sandbox-extensions.js';
import type { GuildChanges } from './sandbox-guilds.js';
import type { SandboxState } from './sandbox-state.js';
import type { sandboxWorkflow } from './sandbox.js';
import { quick } from './steps.js';

/** Where the row has not expired, and tells no later expiry: its clock goes behind that of Temporal. */
const ASK_AGAIN = '30s';

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
    const doubt = state.doubt(Date.now());
    if (doubt !== null) tell(state, doubt);
    else if (remaining <= 0) {
      if (extensions.underWay) {
        // Who is just being told of a later expiry must not see it end at the earlier one.
        await condition(() => !extensions.underWay || state.isEnding());
        continue;
      }
      state.end({ actor: 'workflow', reason: 'expired' });
      if (await hasExpired(state)) return;
      continue;
    }
    const changed = (): boolean => state.isEnding() || state.expiresAt !== expiresAt;
    const summary = `expires ${shownTime(expiresAt)}`;
    // An expiry that is not believed ends nothing: only a change does.
    if (doubt === null) await condition(() => changed() || suggested(), remaining, { summary });
    else await condition(() => changed() || suggested());
    if (state.isEnding() || !suggested()) continue;
    // Handlers still at work would lose their callers (traps.md 1).
    if (!idle() && patched('expires-before-it-continues')) {
      // One may wait for a server for longer than the sandbox lives. A later expiry is seen when this one has come.
      const left = expiresAt - Date.now();
      if (doubt !== null) await condition(() => state.isEnding() || idle());
      else if (left > 0) await condition(() => state.isEnding() || idle(), left, { summary });
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

/** Shown in the Temporal Web UI and in the worker's log. */
function tell(state: SandboxState, doubt: string): void {
  log.error('a sandbox lives on, as its expiry is not believed', {
    ...{ sandboxId: state.input.sandboxId, code: 'SANDBOX_011', why: doubt },
  });
  setCurrentDetails(state.details());
}

/**
 * The row has the last word, since no expiry can be taken back (sql/017). False: it ends later, and so does the workflow.
 * Where Postgres cannot be asked, the clean-up waits for it.
 */
async function hasExpired(state: SandboxState): Promise<boolean> {
  const { sandboxId } = state.input;
  const refusal = await CancellationScope.nonCancellable(() =>
    quick.markExpired(sandboxId).then(
      () => null,
      (error: unknown) => error,
    ),
  );
  const later = laterExpiry(refusal);
  if (later === null) return true;
  log.error('a sandbox lives on, as its row ends later', {
    ...{ sandboxId, code: 'SANDBOX_011', known: state.expiresAt, row: later },
  });
  state.liveOn();
  if (later > state.expiresAt && isTime(later, Date.now())) state.expiresAt = later;
  else await condition(() => state.isEnding(), ASK_AGAIN);
  setCurrentDetails(state.details());
  return false;
}

/** The expiry that sql/017 tells with its refusal; null for any other outcome. */
function laterExpiry(refusal: unknown): number | null {
  const cause = refusal instanceof ActivityFailure ? refusal.cause : refusal;
  const [details] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  if (typeof details !== 'object' || details === null || !('expiresAt' in details)) return null;
  return Number(details.expiresAt);
}

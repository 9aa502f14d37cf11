/** The sleep of a sandbox until its expiry, beside its updates. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { WORKFLOW_ACTOR } from '../domain/actor.js';
import type { SandboxWorkflow } from '../domain/hand-over.js';
import type { Command } from '../domain/command.js';
import { isTime } from '../domain/expiry.js';
import type { SandboxChanges } from './sandbox-changes.js';
import type { SandboxMachine } from './sandbox-machine.js';
import { localRetried } from './steps.js';

/** If the row has not expired and has no later expiry: Postgres' clock is behind Temporal's. */
const ASK_AGAIN = '30s';

/**
 * Returns when the sandbox has to end. Decides again after every change; continues as new when the
 * server suggests it.
 */
export async function sleepUntilEnd(
  sandbox: SandboxMachine,
  changes: SandboxChanges,
  command: Command<'create'>,
): Promise<void> {
  const suggested = (): boolean => workflowInfo().continueAsNewSuggested;
  // Unfinished handlers would lose their callers (temporalio/features#467).
  const idle = (): boolean => allHandlersFinished() && changes.areSettled;
  while (!sandbox.isEnding()) {
    const { expiresAt } = sandbox;
    const next = sandbox.next(Date.now());
    if (next.kind === 'end') {
      if (changes.isExtending) {
        // The caller of an extension must not see the sandbox end at its earlier expiry.
        await condition(() => !changes.isExtending || sandbox.isEnding());
        continue;
      }
      sandbox.end(WORKFLOW_ACTOR, 'expired');
      if (await hasExpired(sandbox)) return;
      continue;
    }
    if (next.kind === 'wait') warn(sandbox, next.doubt);
    const changed = (): boolean => sandbox.isEnding() || sandbox.expiresAt !== expiresAt;
    await untilExpiry(sandbox, () => changed() || suggested());
    if (sandbox.isEnding() || !suggested()) continue;
    // A change may wait for a server beyond the expiry. A later expiry is noticed when this one has
    // come.
    if (!idle()) await untilExpiry(sandbox, () => sandbox.isEnding() || idle());
    if (!idle() || sandbox.isEnding()) continue;
    const start = { kind: 'resume', state: sandbox.carry() } as const;
    await continueAsNew<SandboxWorkflow>(command, start);
  }
}

/** Until `met`, or the expiry. An implausible expiry ends nothing: only a change does. */
async function untilExpiry(sandbox: SandboxMachine, met: () => boolean): Promise<void> {
  const next = sandbox.next(Date.now());
  if (next.kind === 'wait') await condition(met);
  if (next.kind === 'sleep') await condition(met, next.millis, { summary: next.summary });
}

/** Shown in the Temporal Web UI and in the worker's log. */
function warn(sandbox: SandboxMachine, why: string): void {
  const { sandboxId } = sandbox;
  log.error('a sandbox lives on: its expiry is not believed', {
    ...{ sandboxId, code: 'SANDBOX_011', why },
  });
  setCurrentDetails(sandbox.details(Date.now()));
}

/**
 * The row decides, because an expiry cannot be undone (sql/020_sandboxes.sql). False: it ends
 * later, and so does the workflow. If Postgres does not answer, the clean-up waits for it.
 */
async function hasExpired(sandbox: SandboxMachine): Promise<boolean> {
  const { sandboxId } = sandbox;
  const refusal = await CancellationScope.nonCancellable(() =>
    localRetried.markExpired(sandboxId).then(
      () => null,
      (error: unknown) => error,
    ),
  );
  const later = laterExpiry(refusal);
  if (later === null) return true;
  log.error('a sandbox lives on: its row ends later', {
    ...{ sandboxId, code: 'SANDBOX_011', known: sandbox.expiresAt, row: later },
  });
  sandbox.liveOn();
  if (later > sandbox.expiresAt && isTime(later, Date.now())) sandbox.expiresAt = later;
  else await condition(() => sandbox.isEnding(), ASK_AGAIN);
  setCurrentDetails(sandbox.details(Date.now()));
  return false;
}

/** The expiry in the row's refusal; null for any other outcome. */
function laterExpiry(refusal: unknown): number | null {
  const cause = refusal instanceof ActivityFailure ? refusal.cause : refusal;
  const [details] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  if (typeof details !== 'object' || details === null || !('expiresAt' in details)) return null;
  return Number(details.expiresAt);
}

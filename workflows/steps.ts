/** The activities as workflows call them: local ones where speed counts, regular ones where waiting must show. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { SandboxActivities } from '../activities/sandbox-activities.js';
import type { WorkflowFailure } from '../domain/sandbox.js';
import { ERRORS, isErrorCode, SandboxError } from '../domain/errors.js';
import type { SandboxState } from './sandbox-state.js';

/**
 * Local activities: a create of five steps takes 48 ms with them against 108 with regular ones (measured, recipes.md). They run
 * again, with attempt 1, when the worker dies before they are recorded: every one is idempotent.
 */
export const quick = proxyLocalActivities<SandboxActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '12s',
  localRetryThreshold: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumAttempts: 5 },
});

const BRISK = {
  // Without a time-out of them all, whose failure would not name the server.
  startToCloseTimeout: '4s',
  retry: { initialInterval: '400ms', backoffCoefficient: 2, maximumAttempts: 3 },
} as const;

/** For what may have been written when it fails, and is then carried out: at most 12 s. */
export const briskly = proxyLocalActivities<SandboxActivities>(BRISK);

/**
 * The same where a timer may fire meanwhile: on replay the outcome of a local activity comes before that timer, and the
 * workflow would decide otherwise. That of a regular one never does, at the price of some milliseconds and of an event more.
 */
export const brisklyBesideTimers = proxyActivities<SandboxActivities>(BRISK);

/** One try, to be followed by `patient`. */
export const once = proxyLocalActivities<SandboxActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

/** Of a regular activity's attempt that may be long: after a worker's kill -9 it is begun again this soon. */
const heartbeatTimeout = '10s';

/** Without end, with back-off to a minute; shown as pending in the Temporal Web UI. */
export const patient = proxyActivities<SandboxActivities>({
  startToCloseTimeout: '2m',
  heartbeatTimeout,
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** Without end, and soon after a server is back: a caller may be waiting, and a guild's events go the wrong way until then. */
export const settling = proxyActivities<SandboxActivities>({
  startToCloseTimeout: '20s',
  heartbeatTimeout,
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '1s' },
});

/** The activity refused for certain, so it wrote nothing. */
export const isRefusal = (error: unknown): boolean => ERRORS[failureOf(error, 'update').code].final;

/** The typed failure inside whatever Temporal has wrapped around it. */
export function failureOf(error: unknown, step: string): WorkflowFailure {
  let inner = error;
  // Of a time-out the last attempt's failure, where one is known: it names what was waited for.
  while (
    (inner instanceof ActivityFailure || inner instanceof TimeoutFailure) &&
    inner.cause !== undefined
  )
    inner = inner.cause;
  if (inner instanceof ApplicationFailure) {
    const detail = inner.details?.[0];
    const hint =
      typeof detail === 'object' && detail !== null && 'hint' in detail ? String(detail.hint) : '';
    const code = isErrorCode(inner.type) ? inner.type : 'SANDBOX_011';
    return { step, code, message: inner.message, hint };
  }
  if (inner instanceof SandboxError) {
    const { code, message, hint } = inner;
    return { step, code, message, hint };
  }
  if (inner instanceof CancelledFailure) {
    return { step, code: 'SANDBOX_007', message: 'it was cancelled', hint: 'Create it again.' };
  }
  const message = inner instanceof Error ? inner.message : String(inner);
  return {
    step,
    code: 'SANDBOX_009',
    message: `${step} did not finish: ${message}`,
    hint: 'Try again.',
  };
}

export function toApplicationFailure({
  code,
  message,
  hint,
  step,
}: WorkflowFailure): ApplicationFailure {
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: true,
    details: [{ hint, step }],
  });
}

/** For who is not kept waiting any longer for what may have been written, and is carried out. */
export function unsettled(step: string, message: string): ApplicationFailure {
  return toApplicationFailure({
    step,
    code: 'SANDBOX_009',
    message,
    hint: 'It goes on by itself; the workflow’s current details show it. Try again when it is done.',
  });
}

/**
 * The outcome of `work`, or SANDBOX_007 as soon as the sandbox ends. To cancel the workflow ends it as well: cancelled
 * activities would tell of it by themselves, and on replay at another moment.
 */
export function unlessItEnds<T>(
  state: SandboxState,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  return CancellationScope.nonCancellable(async () => {
    const done = work();
    done.catch(() => undefined);
    await Promise.race([done, condition(() => state.isEnding())]);
    if (!state.isEnding()) return done;
    const message = `sandbox ${state.input.sandboxId} ended during its ${what}`;
    throw toApplicationFailure({ step: what, code: 'SANDBOX_007', message, hint: '' });
  });
}

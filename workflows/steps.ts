/** The activities as workflows call them: local ones where speed counts, regular ones where waiting must show. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { SandboxActivities } from '../activities/sandbox-activities.js';
import type { WorkflowFailure } from '../domain/sandbox.js';
import { isErrorCode } from '../domain/errors.js';

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

/** One try, to be followed by `patient`. */
export const once = proxyLocalActivities<SandboxActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

/** Without end, with back-off to a minute; shown as pending in the Temporal Web UI. */
export const patient = proxyActivities<SandboxActivities>({
  startToCloseTimeout: '2m',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** Without end, and soon after a server is back: a caller may be waiting, and a guild's events go the wrong way until then. */
export const settling = proxyActivities<SandboxActivities>({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '1s' },
});

/** The typed failure inside whatever Temporal has wrapped around it. */
export function failureOf(error: unknown, step: string): WorkflowFailure {
  let inner = error;
  while (inner instanceof ActivityFailure && inner.cause !== undefined) inner = inner.cause;
  if (inner instanceof ApplicationFailure) {
    const detail = inner.details?.[0];
    const hint =
      typeof detail === 'object' && detail !== null && 'hint' in detail ? String(detail.hint) : '';
    const code = isErrorCode(inner.type) ? inner.type : 'SANDBOX_005';
    return { step, code, message: inner.message, hint };
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

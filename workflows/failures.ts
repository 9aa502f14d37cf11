/** Typed failures on their way through Temporal. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  TimeoutFailure,
} from '@temporalio/workflow';
import { ERRORS, isErrorCode, SandboxError, unexpected } from '../domain/errors.js';
import type { Lack } from '../domain/permissions.js';
import type { WorkflowFailure } from '../domain/sandbox.js';
import type { SandboxMachine } from './sandbox-machine.js';

/** The activity refused for certain, so it wrote nothing. */
export const isRefusal = (error: unknown): boolean => ERRORS[failureOf(error, 'update').code].final;

/** The typed failure inside Temporal's wrappers. */
export function failureOf(error: unknown, step: string): WorkflowFailure {
  let inner = error;
  // Of a time-out the last attempt's failure, where one is known: it names what was waited for.
  while (
    (inner instanceof ActivityFailure || inner instanceof TimeoutFailure) &&
    inner.cause !== undefined
  )
    inner = inner.cause;
  if (inner instanceof SandboxError) {
    const { code, message, hint, details } = inner;
    return { step, code, message, hint, ...lacksIn(details) };
  }
  if (inner instanceof ApplicationFailure) {
    const detail = inner.details?.[0];
    const hint =
      typeof detail === 'object' && detail !== null && 'hint' in detail ? String(detail.hint) : '';
    const code = isErrorCode(inner.type) ? inner.type : 'SANDBOX_011';
    return { step, code, message: inner.message, hint, ...lacksIn(detail) };
  }
  if (inner instanceof CancelledFailure) {
    return { step, code: 'SANDBOX_007', message: 'it was cancelled', hint: 'Create it again.' };
  }
  if (inner instanceof TimeoutFailure) {
    const message = `${step} did not finish: ${inner.message}`;
    return { step, code: 'SANDBOX_009', message, hint: 'Try again.' };
  }
  const { code, message, hint } = unexpected(inner);
  return { step, code, message, hint };
}

/** Only a refusal has it: other failures keep the form that recorded histories have. */
function lacksIn(facts: unknown): Pick<WorkflowFailure, 'lacks'> {
  if (typeof facts !== 'object' || facts === null || !('lacks' in facts)) return {};
  return { lacks: facts.lacks as Lack };
}

export function toApplicationFailure({
  code,
  message,
  hint,
  step,
  ...lacking
}: WorkflowFailure): ApplicationFailure {
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: true,
    details: [{ hint, step, ...lacking }],
  });
}

/** A validator must be synchronous and throw an ApplicationFailure; its refusal never enters the history. */
export function refusing(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw toApplicationFailure(failureOf(error, 'validation'));
  }
}

/**
 * The outcome of `work`, or SANDBOX_007 as soon as the sandbox ends. Cancelling the workflow ends the sandbox as well:
 * cancelled activities would fail by themselves, and on replay at another moment.
 */
export function unlessItEnds<T>(
  sandbox: SandboxMachine,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  return CancellationScope.nonCancellable(async () => {
    const done = work();
    done.catch(() => undefined);
    await Promise.race([done, condition(() => sandbox.isEnding())]);
    if (!sandbox.isEnding()) return done;
    const message = `sandbox ${sandbox.sandboxId} ended during its ${what}`;
    throw toApplicationFailure({ step: what, code: 'SANDBOX_007', message, hint: '' });
  });
}

/** Errors cross into workflows as ApplicationFailure with our code as its type. */
import { ApplicationFailure } from '@temporalio/common';
import { messageOf, SandboxError, type ErrorCode } from '../domain/errors.js';

/** Trying again cannot help: the caller must change something. */
const FINAL: readonly ErrorCode[] = [
  'SANDBOX_001',
  'SANDBOX_002',
  'SANDBOX_003',
  'SANDBOX_004',
  'SANDBOX_007',
  'SANDBOX_008',
  'SANDBOX_010',
];

export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof SandboxError) {
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: FINAL.includes(error.code),
      details: [{ hint: error.hint, ...error.details }],
    });
  }
  // The stack of an unknown error stays in the log of the worker; its text may travel.
  return ApplicationFailure.create({
    type: 'Error',
    message: messageOf(error),
    nonRetryable: false,
  });
}

type Activity = (...args: never[]) => Promise<unknown>;

/** The same functions, whose failures are typed, and each told to `onFailure`: also those that are retried. */
export function failuresTyped<T extends Record<string, Activity>>(
  activities: T,
  onFailure: (name: string, args: readonly unknown[]) => void = () => undefined,
): T {
  const typed: Record<string, Activity> = {};
  for (const [name, run] of Object.entries(activities)) {
    typed[name] = async (...args) => {
      try {
        return await run(...args);
      } catch (error) {
        onFailure(name, args);
        throw toFailure(error);
      }
    };
  }
  return typed as T;
}

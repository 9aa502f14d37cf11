/** Turns errors into ApplicationFailures for workflows, with our code as their type. */
import { ApplicationFailure } from '@temporalio/common';
import { ERRORS, unexpected } from '../domain/errors.js';

export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { code, message, hint, details } = unexpected(error);
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: ERRORS[code].final,
    details: [{ hint, ...details }],
  });
}

type Activity = (...args: never[]) => Promise<unknown>;

/**
 * Wraps the functions: each failure gets its type and goes to `onFailure`, retried failures too.
 */
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

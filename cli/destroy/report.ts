/** The output of `bd sandbox destroy`, and its exit code. */
import { SandboxError, unexpected } from '../../domain/errors.js';
import type { DestroyResult } from '../../domain/control.js';
import { colours, print, printJson, reportError, type Io } from '../io.js';
import type { Target } from './targets.js';

export type Outcome = DestroyResult | { readonly error: unknown };

/** Prints a line for each sandbox. Returns the highest exit code. */
export async function reportLines(
  io: Io,
  targets: readonly Target[],
  outcomes: readonly Outcome[],
): Promise<number> {
  let exitCode = 0;
  const c = colours(io, io.stdout);
  for (const [i, outcome] of outcomes.entries()) {
    if ('error' in outcome)
      exitCode = Math.max(exitCode, await reportError(io, outcome.error, false));
    else {
      const { sandbox, alreadyDestroyed } = outcome;
      const state = alreadyDestroyed ? 'was already destroyed' : `is ${sandbox.status}`;
      await print(io, `${c.green('✓')} ${targets[i]?.shown ?? sandbox.id} ${state}`);
    }
  }
  return exitCode;
}

/** Prints the list if all succeeded; else one error that names failed and destroyed sandboxes. */
export async function reportJson(
  io: Io,
  unknown: readonly SandboxError[],
  outcomes: readonly Outcome[],
): Promise<number> {
  const done = outcomes.filter((outcome) => 'sandbox' in outcome);
  const failures = [
    ...unknown,
    ...outcomes.flatMap((outcome) => ('error' in outcome ? [unexpected(outcome.error)] : [])),
  ];
  const [first] = failures;
  if (first === undefined) {
    await printJson(
      io,
      done.map(({ sandbox, alreadyDestroyed }) => ({ ...sandbox, alreadyDestroyed })),
    );
    return 0;
  }
  const messages = failures.map(({ message }) => message).join('; ');
  const gone = done.map(({ sandbox: { name, status } }) => `${name} is ${status}`);
  const text = [messages, ...gone].join('; ');
  return reportError(io, new SandboxError(first.code, text, { hint: first.hint }), true);
}

/** A failed benchmark prints its reason in a row, and the next one runs. */
import { messageOf, SandboxError } from '../domain/errors.js';

/** One line, for a table's cell. */
export function reasonOf(error: unknown): string {
  const [line = ''] = messageOf(error).split('\n');
  const text = line.replaceAll('|', '/');
  return error instanceof SandboxError ? `${error.code} ${text}` : text;
}

/**
 * The result of `work`. On failure: undefined, a row with the reason, and exit code 1 at the end.
 */
export async function orRow<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    printFailure(name, error);
    return undefined;
  }
}

export function printFailure(name: string, error: unknown): void {
  process.exitCode = 1;
  console.log(`| ${name} | failed: ${reasonOf(error)} |`);
}

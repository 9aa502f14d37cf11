/** A benchmark that the product refuses says so in a row, and goes on with what comes next. */
import { messageOf, SandboxError } from '../domain/errors.js';

/** One line, as a table's cell takes it. */
export function reasonOf(error: unknown): string {
  const [line = ''] = messageOf(error).split('\n');
  const text = line.replaceAll('|', '/');
  return error instanceof SandboxError ? `${error.code} ${text}` : text;
}

/** What `work` gives; where it fails, undefined and a row that says why. The process then ends with exit code 1. */
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

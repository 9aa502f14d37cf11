/** Log files of the stack's processes: appended to from one start to the next, within a limit. */
import { openSync, renameSync, statSync } from 'node:fs';

const LIMIT_BYTES = 5 * 1_048_576;

/**
 * A descriptor for appending; a file that has grown long makes way, and its predecessor goes. Where the file cannot be
 * opened, the output is dropped: a service without a log serves better than none.
 */
export function openLog(path: string, onLost: (error: unknown) => void = () => undefined): number {
  try {
    if (statSync(path).size > LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // The first start.
  }
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    onLost(error);
    return openSync('/dev/null', 'a');
  }
}

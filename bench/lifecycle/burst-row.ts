/** A row of the table of bursts: the figures, or the number and reason of failures. */
import { reasonOf } from '../failure.js';
import { median, ms, type Burst } from '../statistics.js';

export function burstRow(name: string, ours: Burst, bare: Burst): string[] {
  const failed = [...ours.failures, ...bare.failures];
  if (failed.length > 0) {
    process.exitCode = 1;
    const suffix = ours.failures.length > 0 ? '' : ' of the bare workflow';
    return [name, `${failed.length}${suffix} failed: ${reasonOf(failed[0])}`, '–', '–', '–'];
  }
  const [last, lastBare] = [Math.max(...ours.millis), Math.max(...bare.millis)];
  return [name, ms(median(ours.millis)), ms(last), ms(lastBare), (last / lastBare).toFixed(2)];
}

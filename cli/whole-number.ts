/** Options that count: `--count 3`, `--limit 10`. */
import { usage } from './io.js';

/** Undefined if absent. @throws SANDBOX_008 unless it is a whole number from 1 to `most` */
export function wholeNumber(
  option: string,
  text: string | undefined,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[1-9][0-9]*$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw usage(
    `${option} ${JSON.stringify(text.slice(0, 60))} is not valid`,
    `Use a whole number from 1 to ${most}.`,
  );
}

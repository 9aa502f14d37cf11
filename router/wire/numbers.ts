/** Decimal numbers of the protocol, written without a string. */

const ZERO = 48;

/** The number of digits of a whole number from 0 to 2^53. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits += 1;
  return digits;
}

/** @returns the position after the number */
export function putNumber(buffer: Uint8Array, at: number, value: number): number {
  const end = at + digitsOf(value);
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const tens = Math.floor(rest / 10);
    buffer[i] = ZERO + (rest - tens * 10);
    rest = tens;
  }
  return end;
}

/**
 * JSON's grammar over bytes (RFC 8259). Each function takes a position and returns the position
 * after the item, or -1.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
/** The closing bracket's code is higher by two, for both kinds. */
export const OBJECT = 0x7b;
export const ARRAY = 0x5b;

export function isWhite(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

/**
 * 0: an ordinary byte of a string. Also invalid UTF-8: decoding replaces it and does not refuse.
 */
const STOPS = new Uint8Array(256);
STOPS.fill(1, 0, 0x20);
STOPS[QUOTE] = 1;
STOPS[BACKSLASH] = 1;

/** Valid after a backslash, except `u`. */
const ESCAPES = new Uint8Array(256);
for (const c of Buffer.from('"\\/bfnrt')) ESCAPES[c] = 1;

/** The position of the closing quote. */
export function endOfString(p: Uint8Array, from: number): number {
  for (let i = from; ; i++) {
    while (STOPS[p[i] ?? 0] === 0) i++;
    const c = p[i];
    if (c === QUOTE) return i;
    if (c !== BACKSLASH) return -1;
    i++;
    const escape = p[i] ?? 0;
    if (ESCAPES[escape] === 1) continue;
    if (escape !== 0x75) return -1;
    for (let k = 1; k <= 4; k++) if (!isHex(p[i + k])) return -1;
    i += 4;
  }
}

export function endOfNumber(p: Uint8Array, from: number): number {
  let i = from;
  if (p[i] === 0x2d) i++;
  if (p[i] === 0x30) i++;
  else if (!isDigit(p[i])) return -1;
  else i = endOfDigits(p, i);
  if (p[i] === 0x2e) {
    if (!isDigit(p[i + 1])) return -1;
    i = endOfDigits(p, i + 1);
  }
  if (p[i] === 0x65 || p[i] === 0x45) {
    i++;
    if (p[i] === 0x2b || p[i] === 0x2d) i++;
    if (!isDigit(p[i])) return -1;
    i = endOfDigits(p, i);
  }
  return i;
}

const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

export function endOfLiteral(p: Uint8Array, from: number): number {
  for (const word of LITERALS) {
    if (p[from] !== word[0]) continue;
    for (let k = 1; k < word.length; k++) if (p[from + k] !== word[k]) return -1;
    return from + word.length;
  }
  return -1;
}

function endOfDigits(p: Uint8Array, from: number): number {
  let i = from;
  while (isDigit(p[i])) i++;
  return i;
}

function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 0x30 && c <= 0x39;
}

function isHex(c: number | undefined): boolean {
  return isDigit(c) || (c !== undefined && (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66);
}

/**
 * JSON whose ids may be numbers. Some libraries send them so, and a number above 2^53 would lose
 * its last digits in JSON.parse.
 */

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
const LONG_ID = /^[1-9]\d{15,19}$/;

/** Whole numbers of 16 to 20 digits become strings. @throws SyntaxError as JSON.parse does */
export function parseWithExactIds(text: string): unknown {
  const quoted = text.replace(STRING_OR_NUMBER, (part) =>
    LONG_ID.test(part) ? `"${part}"` : part,
  );
  return JSON.parse(quoted);
}

/**
 * The headers of a routed event as bytes: the event's own ones unchanged, then the router's
 * (docs/routing.md).
 */
/** Headers of the chain (docs/routing.md). */
export const HEADER_RAW_SEQ = 'Raw-Seq';
export const HEADER_EXPECTED_LAST_SEQ = 'Nats-Expected-Last-Sequence';
export const HEADER_DLQ_REASON = 'Dlq-Reason';
/** The original subject of an event in the DLQ. */
export const HEADER_DLQ_SUBJECT = 'Dlq-Subject';
/** The prefix for incoming headers that the server would obey. */
export const ORIGIN_PREFIX = 'Sandbox-Origin-';

const BEGIN = Buffer.from('NATS/1.0\r\n', 'latin1');
const CRLF = Buffer.from('\r\n', 'latin1');
/** A longer subject is cut: the header only tells a person the event's origin. */
const MAX_SUBJECT_IN_HEADER = 1_024;
const MAX_REASON = 200;

/** The text around the chain's two numbers. */
export const CHAIN_PARTS = {
  beforeExpected: `${HEADER_EXPECTED_LAST_SEQ}: `,
  beforeRaw: `\r\n${HEADER_RAW_SEQ}: `,
  end: '\r\n\r\n',
} as const;

/**
 * The event's own header lines, ready for ours: begins with the version line, ends with a line end.
 * Lines that the server would obey (`Nats-*`, in the server's case) or that would forge the
 * position (`Raw-Seq`) go under `Sandbox-Origin-`. Every other byte stays, even invalid UTF-8.
 */
export function carriedHeaders(block: Uint8Array | null): Uint8Array {
  return renamed(block, /\r\n(?=Nats-|Raw-Seq:)/g, ['\r\nNats-', '\r\nRaw-Seq:']);
}

/** The same for the DLQ. An event must not forge the DLQ's two headers either. */
export function carriedToDlq(
  block: Uint8Array | null,
  dlq: { readonly detail: string; readonly subject: string },
): Uint8Array {
  const own = renamed(block, /\r\n(?=Nats-|Raw-Seq:|Dlq-)/g, [
    '\r\nNats-',
    '\r\nRaw-Seq:',
    '\r\nDlq-',
  ]);
  return Buffer.concat([own, dlqLines(dlq)]);
}

/** For an event that is too large: the headers are dropped, the payload stays. */
export function droppedHeaders(dlq: {
  readonly detail: string;
  readonly subject: string;
}): Uint8Array {
  return Buffer.concat([BEGIN, dlqLines(dlq)]);
}

/** Closes a block with the chain's two headers. */
export function chained(carried: Uint8Array, expectedLast: number, rawSeq: number): Buffer {
  const ours = chainLines(expectedLast, rawSeq);
  const block = Buffer.allocUnsafe(carried.length + ours.length);
  block.set(carried, 0);
  block.write(ours, carried.length, 'latin1');
  return block;
}

/** The most bytes that `chained` adds: both numbers below 2^53. */
export const CHAIN_BYTES = chainLines(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).length;

/** A block without the event's own headers. */
export function headerBlock(lines: Readonly<Record<string, string | number>>): Buffer {
  const text = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`NATS/1.0\r\n${text.join('')}\r\n`, 'latin1');
}

/**
 * True if the server would miss the chain's own header after these lines, and store the message
 * anywhere. The server searches for the name's bytes and stops if they begin less than two bytes
 * after its last look (2.15.1), as in `X: Nats-Expected-Last-SequenceNats-Expected-Last-Sequence`.
 */
export function hidesChain(carried: Uint8Array): boolean {
  const bytes = Buffer.from(carried.buffer, carried.byteOffset, carried.byteLength);
  for (let from = 0; ; from += HEADER_EXPECTED_LAST_SEQ.length) {
    const at = bytes.indexOf(HEADER_EXPECTED_LAST_SEQ, from, 'latin1');
    if (at < 0) return false;
    if (at - from < 2) return true;
    from = at;
  }
}

/** The `RAW` sequence in a stored block; null: no router wrote it. */
export function rawSequenceIn(block: Uint8Array | null): number | null {
  const text = Buffer.from(block ?? []).toString('latin1');
  const [, digits] = /\r\nRaw-Seq:[ \t]*([0-9]{1,16})[ \t]*\r\n/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits);
}

function chainLines(expectedLast: number, rawSeq: number): string {
  const { beforeExpected, beforeRaw, end } = CHAIN_PARTS;
  return `${beforeExpected}${expectedLast}${beforeRaw}${rawSeq}${end}`;
}

function renamed(block: Uint8Array | null, pattern: RegExp, signs: readonly string[]): Uint8Array {
  if (block === null || block.length === 0) return BEGIN;
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const open = withoutBlankLine(bytes);
  if (!signs.some((sign) => open.includes(sign, 0, 'latin1'))) return open;
  return Buffer.from(open.toString('latin1').replace(pattern, `\r\n${ORIGIN_PREFIX}`), 'latin1');
}

function withoutBlankLine(bytes: Buffer): Buffer {
  if (bytes.subarray(-4).equals(Buffer.concat([CRLF, CRLF]))) return bytes.subarray(0, -2);
  return bytes.subarray(-2).equals(CRLF) ? bytes : Buffer.concat([bytes, CRLF]);
}

function dlqLines({
  detail,
  subject,
}: {
  readonly detail: string;
  readonly subject: string;
}): Buffer {
  const reason = oneLine(detail).slice(0, MAX_REASON);
  // A subject must not hide the chain either (hidesChain).
  const cut = cutBytes(
    subject.replaceAll(HEADER_EXPECTED_LAST_SEQ, 'Nats-Expected-…'),
    MAX_SUBJECT_IN_HEADER,
  );
  return Buffer.from(
    `${HEADER_DLQ_REASON}: ${reason}\r\n${HEADER_DLQ_SUBJECT}: ${cut}\r\n`,
    'utf8',
  );
}

/** V8 quotes the document in its message. Text from outside must not break the header. */
function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ');
}

function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= limit
    ? text
    : `${bytes
        .subarray(0, limit)
        .toString('utf8')
        .replace(/\uFFFD+$/, '')}…`;
}

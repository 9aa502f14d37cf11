/**
 * Collects protocol bytes in reused buffers, and passes them to the socket at the end of each
 * burst.
 */
import { CHAIN_PARTS } from '../../routing/event-headers.js';
import type { ChainedMessage } from './link.js';
import { digitsOf, putNumber } from './numbers.js';

/** About 60 events; the socket takes it in one call. */
const BUFFER_BYTES = 128 * 1024;
const FLUSH_AT = 64 * 1024;
/** For the rest of a line: sizes, reply subject, chain, line ends. */
const LINE_ROOM = 512;
const MAX_FREE = 16;
/** A limit, because subjects come from outside. */
const MAX_VERBS = 4_096;

const SPACE = 32;
const CR = 13;
const LF = 10;
const BEFORE_EXPECTED = Buffer.from(CHAIN_PARTS.beforeExpected);
const BEFORE_RAW = Buffer.from(CHAIN_PARTS.beforeRaw);
const CHAIN_END = Buffer.from(CHAIN_PARTS.end);
const CHAIN_FIXED = BEFORE_EXPECTED.length + BEFORE_RAW.length + CHAIN_END.length;

export class WireWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #at = 0;
  #scheduled = false;
  readonly #free: Buffer[] = [];
  /** `HPUB <subject> ` of each subject: there are few, and the router passes the same strings. */
  readonly #verbs = new Map<string, Buffer>();

  /** @param write takes the bytes, and calls `done` when they may be overwritten */
  constructor(private readonly write: (bytes: Buffer, done: () => void) => void) {}

  text(text: string): void {
    this.#room(Buffer.byteLength(text));
    this.#at += this.#buffer.write(text, this.#at, 'utf8');
    this.#sent();
  }

  /**
   * `HPUB subject [reply] headers total`, the event's own header lines, the chain's two, the
   * payload. By hand and without strings: with those of reader and destinations they took 1 µs of
   * Node's 4 per event.
   */
  chained(message: ChainedMessage, expectedLast: number, reply: string | undefined): void {
    const { subject, headers, payload, rawSequence } = message;
    const verb = this.#verbOf(subject);
    const chain = CHAIN_FIXED + digitsOf(expectedLast) + digitsOf(rawSequence);
    const headerSize = headers.length + chain;
    this.#room(verb.length + LINE_ROOM + headers.length + payload.length);
    const buffer = this.#buffer;
    let at = put(buffer, this.#at, verb);
    if (reply !== undefined) {
      at += buffer.write(reply, at, 'latin1');
      buffer[at++] = SPACE;
    }
    at = putNumber(buffer, at, headerSize);
    buffer[at++] = SPACE;
    at = putNumber(buffer, at, headerSize + payload.length);
    buffer[at++] = CR;
    buffer[at++] = LF;
    at = put(buffer, at, headers);
    at = putNumber(buffer, put(buffer, at, BEFORE_EXPECTED), expectedLast);
    at = putNumber(buffer, put(buffer, at, BEFORE_RAW), rawSequence);
    at = put(buffer, at, CHAIN_END);
    buffer.set(payload, at);
    at += payload.length;
    buffer[at++] = CR;
    buffer[at++] = LF;
    this.#at = at;
    this.#sent();
  }

  readonly flush = (): void => {
    this.#scheduled = false;
    if (this.#at === 0) return;
    const buffer = this.#buffer;
    const bytes = buffer.subarray(0, this.#at);
    this.#at = 0;
    this.#buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.write(bytes, () => {
      if (buffer.length === BUFFER_BYTES && this.#free.length < MAX_FREE) this.#free.push(buffer);
    });
  };

  #verbOf(subject: string): Buffer {
    let verb = this.#verbs.get(subject);
    if (verb === undefined) {
      if (this.#verbs.size >= MAX_VERBS) this.#verbs.clear();
      verb = Buffer.from(`HPUB ${subject} `, 'utf8');
      this.#verbs.set(subject, verb);
    }
    return verb;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    this.flush();
    // A member chunk gets its own buffer, which is not kept.
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  #sent(): void {
    if (this.#at >= FLUSH_AT) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(this.flush);
    }
  }
}

/** Short pieces byte by byte: a call of `set` takes longer. */
const SHORT = 64;

/** @returns the position after the bytes */
function put(buffer: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length > SHORT) buffer.set(bytes, at);
  else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] ?? 0;
  return at + length;
}

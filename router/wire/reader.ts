/**
 * Parses NATS' protocol from chunks of bytes. MSG and HMSG need almost no strings; the rest comes
 * as lines.
 */
import { placeInBytes } from './delivery-place.js';
import type { LinkMessage } from './link.js';
import { SubjectCache } from './subject-cache.js';

export interface WireEvents {
  onMessage(sid: number, message: LinkMessage): void;
  /** INFO, PING, PONG, +OK, -ERR, without the line end. */
  onLine(line: string): void;
}

const SPACE = 32;
const CR = 13;
const LF = 10;
const M = 77;
const H = 72;
/**
 * Larger than any message: max_payload with headers is at most this (nats-server: "MaxPayload must
 * be <= 64 MB").
 */
const MAX_MESSAGE = 64 * 1024 * 1024;
/** Longer than any server's max_control_line. A longer line means that the framing is lost. */
const MAX_LINE = 1024 * 1024;

/**
 * Two memories, used in turns. A read's events are routed, and so copied, before the next read. (A
 * new buffer per read cost 1.4 µs of garbage collection per event.)
 */
const READ_BYTES = 256 * 1024;
/**
 * Free space before each memory for a frame that a read ends in. The rest goes to the other
 * memory's gap: the chain still holds this read's last event, which may be in this memory's gap
 * (chaos test, seed 2027: altered).
 */
const GAP_BYTES = 64 * 1024;
const newMemory = (): Buffer => Buffer.allocUnsafeSlow(GAP_BYTES + READ_BYTES);

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Its results stay unchanged until the next read. */
export class WireReader {
  #memory = newMemory();
  #other = newMemory();
  /** Bytes in the gap, at its end. */
  #kept = 0;
  /** The parts of an incomplete frame; joined when all missing bytes have come. */
  #parts: Buffer[] = [];
  #have = 0;
  #need = 0;
  /** Where the words of the current line begin and end. */
  readonly #marks = new Int32Array(12);
  readonly #subjects = new SubjectCache();

  constructor(private readonly events: WireEvents) {}

  /** The memory for a socket's next read, another one each time. Then `filled` gives the length. */
  get space(): Buffer {
    return this.#memory.subarray(GAP_BYTES);
  }

  /** @throws ProtocolError */
  push(chunk: Buffer): void {
    let buffer = chunk;
    if (this.#have > 0) {
      this.#parts.push(Buffer.from(chunk));
      this.#have += chunk.length;
      if (this.#have < this.#need) return;
      buffer = Buffer.concat(this.#parts, this.#have);
      this.#parts = [];
      this.#have = 0;
    }
    const at = this.#frames(buffer, 0, buffer.length);
    if (at < buffer.length) this.#keep(buffer.subarray(at));
  }

  /** This many bytes have come into the last `space`. @throws ProtocolError */
  filled(length: number): void {
    const memory = this.#memory;
    const to = GAP_BYTES + length;
    if (this.#have > 0) {
      this.push(memory.subarray(GAP_BYTES, to));
      return;
    }
    const at = this.#frames(memory, GAP_BYTES - this.#kept, to);
    this.#kept = 0;
    const rest = to - at;
    if (rest > GAP_BYTES) {
      this.#keep(memory.subarray(at, to));
    } else if (rest > 0) {
      memory.copy(this.#other, GAP_BYTES - rest, at, to);
      this.#memory = this.#other;
      this.#other = memory;
      this.#kept = rest;
    }
  }

  /** A copy, because the memory is reused. */
  #keep(rest: Buffer): void {
    this.#parts = [Buffer.from(rest)];
    this.#have = rest.length;
  }

  /** Handles all whole frames; returns the position after them. */
  #frames(buffer: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      const end = this.#frame(buffer, at, to);
      if (end < 0) {
        this.#need = -end - at;
        break;
      }
      at = end;
    }
    return at;
  }

  /** The position after the frame; negative: the smallest end that can contain it. */
  #frame(buffer: Buffer, from: number, to: number): number {
    const kind = buffer[from];
    const marks = this.#marks;
    let words = 0;
    let inWord = false;
    let i = from;
    for (; i < to; i++) {
      const c = buffer[i];
      if (c === CR || c === LF) break;
      if (c === SPACE) {
        if (inWord && words <= 6) marks[2 * words - 1] = i;
        inWord = false;
      } else if (!inWord) {
        inWord = true;
        words += 1;
        if (words <= 6) marks[2 * words - 2] = i;
      }
    }
    if (i + 1 >= to) {
      if (i - from > MAX_LINE) throw new ProtocolError('a line without an end');
      return -(to + 1);
    }
    if (buffer[i] !== CR || buffer[i + 1] !== LF) throw new ProtocolError('a line without its end');
    if (inWord && words <= 6) marks[2 * words - 1] = i;
    const body = i + 2;
    if (kind === M) return this.#message(buffer, words, body, to, false);
    if (kind === H) return this.#message(buffer, words, body, to, true);
    this.events.onLine(buffer.toString('utf8', from, i));
    return body;
  }

  /** `MSG subject sid [reply] size`, `HMSG subject sid [reply] headers size`. */
  #message(buffer: Buffer, words: number, body: number, to: number, withHeader: boolean): number {
    const least = withHeader ? 5 : 4;
    if (words !== least && words !== least + 1)
      throw new ProtocolError('a message line of no form');
    const size = this.#number(buffer, words);
    const headerSize = withHeader ? this.#number(buffer, words - 1) : 0;
    // With lost framing, payloads would be parsed as lines and routed.
    if (size > MAX_MESSAGE || headerSize > size) throw new ProtocolError('a size of no message');
    const end = body + size + 2;
    if (end > to) return -end;
    if (buffer[end - 2] !== CR || buffer[end - 1] !== LF)
      throw new ProtocolError('a message without its end');
    const marks = this.#marks;
    const delivery = words === least ? null : placeInBytes(buffer, marks[6] ?? 0, marks[7] ?? 0);
    const payloadAt = body + headerSize;
    this.events.onMessage(this.#number(buffer, 3), {
      subject: this.#subjects.textOf(buffer, marks[2] ?? 0, marks[3] ?? 0),
      delivery,
      header: withHeader ? buffer.subarray(body, payloadAt) : null,
      payload: buffer.subarray(payloadAt, body + size),
    });
    return end;
  }

  #number(buffer: Buffer, word: number): number {
    let value = 0;
    const end = this.#marks[2 * word - 1] ?? 0;
    for (let i = this.#marks[2 * word - 2] ?? 0; i < end; i++) {
      const digit = (buffer[i] ?? 0) - 48;
      if (digit < 0 || digit > 9) throw new ProtocolError('a size that is no number');
      value = value * 10 + digit;
    }
    return value;
  }
}

/** Reads NATS' protocol from chunks of bytes: MSG and HMSG without a string where none is needed, the rest as lines. */
import { placeInBytes } from './delivery-place.js';
import type { LinkMessage } from './link.js';
import { SubjectCache } from './subject-cache.js';

export interface WireEvents {
  onMessage(sid: number, message: LinkMessage): void;
  /** INFO, PING, PONG, +OK, -ERR, without its line end. */
  onLine(line: string): void;
}

const SPACE = 32;
const CR = 13;
const LF = 10;
const M = 77;
const H = 72;
/** No message is as large: the protocol's max_payload is at most this (nats-server: "MaxPayload must be <= 64 MB"), headers included. */
const MAX_MESSAGE = 64 * 1024 * 1024;
/** Longer than any server's max_control_line: a longer line has lost its frame. */
const MAX_LINE = 1024 * 1024;

/**
 * Two memories for all that is read, in turns: what comes is routed, and so copied, before the next read (a fresh buffer for
 * each cost 1.4 µs of garbage collection an event).
 */
const READ_BYTES = 256 * 1024;
/**
 * In front of each: a frame that a read ended in the middle of goes there, and is whole when the next read has come. To the
 * other memory's gap: the chain still holds the read's last event, which may begin in this one's (chaos, seed 2027: altered).
 */
const GAP_BYTES = 64 * 1024;
const newMemory = (): Buffer => Buffer.allocUnsafeSlow(GAP_BYTES + READ_BYTES);

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** What it hands out stays as it is until the next read. */
export class WireReader {
  #memory = newMemory();
  #other = newMemory();
  /** Bytes of the gap, at its end. */
  #kept = 0;
  /** What a chunk ended in the middle of; joined only when all that is known to be missing has come. */
  #parts: Buffer[] = [];
  #have = 0;
  #need = 0;
  /** Where the words of the line now read begin and end. */
  readonly #marks = new Int32Array(12);
  readonly #subjects = new SubjectCache();

  constructor(private readonly events: WireEvents) {}

  /** Where a socket may read into, another one for each read; then `filled` tells how far. */
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

  /** So many bytes have come into what `space` was. @throws ProtocolError */
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

  /** A copy: the memory is read into again. */
  #keep(rest: Buffer): void {
    this.#parts = [Buffer.from(rest)];
    this.#have = rest.length;
  }

  /** All whole ones; the position behind them. */
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

  /** The position behind the frame; negative: the least end that can hold it. */
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
    // A frame that was lost would make payloads of lines, and route them.
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

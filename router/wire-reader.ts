/** Reads NATS' protocol from chunks of bytes: MSG and HMSG without a string where none is needed, the rest as lines. */
import { placeInBytes } from './delivery-place.js';
import type { LinkMessage } from './link.js';

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
/** No control line is as long, whatever the server's max_control_line: what is has lost its frame. */
const MAX_LINE = 1024 * 1024;

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

export class WireReader {
  /** What a chunk ended in the middle of; joined only when all that is known to be missing has come. */
  #parts: Buffer[] = [];
  #have = 0;
  #need = 0;
  /** Where the words of the line now read begin and end. */
  readonly #marks = new Int32Array(12);

  constructor(private readonly events: WireEvents) {}

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
    let at = 0;
    while (at < buffer.length) {
      const end = this.#frame(buffer, at);
      if (end < 0) {
        // A copy: the chunk's memory is read into again.
        this.#parts = [Buffer.from(buffer.subarray(at))];
        this.#have = buffer.length - at;
        this.#need = -end - at;
        return;
      }
      at = end;
    }
  }

  /** The position behind the frame; negative: the least length of the buffer that can hold it. */
  #frame(buffer: Buffer, from: number): number {
    const kind = buffer[from];
    const marks = this.#marks;
    let words = 0;
    let inWord = false;
    let i = from;
    for (; i < buffer.length; i++) {
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
    if (i + 1 >= buffer.length) {
      if (i - from > MAX_LINE) throw new ProtocolError('a line without an end');
      return -(buffer.length + 1);
    }
    if (inWord && words <= 6) marks[2 * words - 1] = i;
    const body = i + 2;
    if (kind === M) return this.#message(buffer, words, body, false);
    if (kind === H) return this.#message(buffer, words, body, true);
    this.events.onLine(buffer.toString('utf8', from, i));
    return body;
  }

  /** `MSG subject sid [reply] size`, `HMSG subject sid [reply] headers size`. */
  #message(buffer: Buffer, words: number, body: number, withHeader: boolean): number {
    const least = withHeader ? 5 : 4;
    if (words !== least && words !== least + 1)
      throw new ProtocolError('a message line of no form');
    const size = this.#number(buffer, words);
    const headerSize = withHeader ? this.#number(buffer, words - 1) : 0;
    const end = body + size + 2;
    if (end > buffer.length) return -end;
    const marks = this.#marks;
    const delivery = words === least ? null : placeInBytes(buffer, marks[6] ?? 0, marks[7] ?? 0);
    const payloadAt = body + headerSize;
    this.events.onMessage(this.#number(buffer, 3), {
      subject: buffer.toString('utf8', marks[2], marks[3]),
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

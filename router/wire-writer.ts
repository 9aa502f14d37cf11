/** Collects protocol bytes and hands them to the socket at the end of each burst, from buffers that are used again. */
import { chainLines } from '../domain/event-headers.js';
import type { ChainedMessage } from './link.js';

/** Some 60 events; the socket takes it in one call. */
const BUFFER_BYTES = 128 * 1024;
const FLUSH_AT = 64 * 1024;
/** Beyond the headers of a line: verb, sizes, chain. */
const LINE_ROOM = 512;
const MAX_FREE = 16;

export class WireWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #at = 0;
  #scheduled = false;
  readonly #free: Buffer[] = [];

  /** @param write takes the bytes, and calls `done` when they may be overwritten */
  constructor(private readonly write: (bytes: Buffer, done: () => void) => void) {}

  text(text: string): void {
    this.#room(Buffer.byteLength(text));
    this.#at += this.#buffer.write(text, this.#at, 'utf8');
    this.#sent();
  }

  /** `HPUB subject [reply] headers total`, the event's own header lines, the chain's two, the payload. */
  chained(message: ChainedMessage, expectedLast: number, reply: string | undefined): void {
    const { subject, headers, payload, rawSequence } = message;
    const chain = chainLines(expectedLast, rawSequence);
    const headerSize = headers.length + chain.length;
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    const line = `HPUB ${to} ${headerSize} ${headerSize + payload.length}\r\n`;
    this.#room(line.length * 3 + LINE_ROOM + headers.length + payload.length);
    const buffer = this.#buffer;
    let at = this.#at;
    at += buffer.write(line, at, 'utf8');
    buffer.set(headers, at);
    at += headers.length;
    at += buffer.write(chain, at, 'latin1');
    buffer.set(payload, at);
    at += payload.length;
    buffer[at] = 13;
    buffer[at + 1] = 10;
    this.#at = at + 2;
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

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    this.flush();
    // A member chunk has a buffer of its own, which is not kept.
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

/** Subjects as cached strings: they are few, and each event has one. */

/** There are a few dozen types. Two types in one place replace each other. */
const PLACES = 256;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export class SubjectCache {
  readonly #known: (Known | undefined)[] = Array.from({ length: PLACES }, () => undefined);

  textOf(buffer: Buffer, from: number, to: number): string {
    let place = to - from;
    for (let i = from; i < to; i++) place = (place * 31 + (buffer[i] ?? 0)) | 0;
    place &= PLACES - 1;
    const known = this.#known[place];
    if (known !== undefined && isAt(known.bytes, buffer, from, to)) return known.text;
    const text = buffer.toString('utf8', from, to);
    this.#known[place] = { bytes: Uint8Array.prototype.slice.call(buffer, from, to), text };
    return text;
  }
}

function isAt(bytes: Uint8Array, buffer: Uint8Array, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[from + i]) return false;
  return true;
}

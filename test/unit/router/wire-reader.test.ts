/**
 * The fast form's reader: however the bytes are cut, it reads exactly what was sent, or nothing.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ProtocolError, WireReader } from '../../../router/wire/reader.js';
import { Random } from '../../support/random.js';

const CRLF = '\r\n';

/** Sizes around each limit of the reader's memory, and odd ones. */
const SIZES: [number, ...number[]] = [
  0, 1, 2, 3, 7, 511, 4_095, 65_533, 65_534, 65_535, 65_536, 65_537, 131_071, 262_143,
];
const BIG: [number, ...number[]] = [262_144, 262_145, 327_679, 327_680, 327_681, 700_001];

/**
 * Messages, with lines of every kind between them. Payloads are full of text that looks like
 * frames.
 */
function stream(random: Random, count: number): Buffer {
  const parts: Buffer[] = [];
  const bait = Buffer.from(`${CRLF}MSG a 1 5${CRLF}-ERR 'x'${CRLF}PING${CRLF}`);
  for (let n = 0; n < count; n++) {
    const kind = random.between(0, 7);
    if (kind === 0) {
      parts.push(
        Buffer.from(random.pick(['PING', '+OK', 'INFO {"ldm":true}', "-ERR 'a b'"]) + CRLF),
      );
      continue;
    }
    const size = random.pick(random.between(0, 11) === 0 ? BIG : SIZES);
    const payload = Buffer.alloc(size, bait).fill(n % 256, 0, Math.min(size, n % 5));
    const subject = `events.raw.${'t'.repeat(1 + random.between(0, 899))}`;
    const reply = random.pick(['', `$JS.ACK.RAW.c.1.${n + 7}.${n + 1}.5.${n} `, '_INBOX.x ']);
    if (kind < 4) {
      parts.push(Buffer.from(`MSG ${subject} ${1 + (n % 90)} ${reply}${size}${CRLF}`), payload);
    } else {
      const block = Buffer.from(`NATS/1.0\r\nA: ${'h'.repeat(random.between(0, 2_999))}\r\n\r\n`);
      const sizes = `${block.length} ${block.length + size}`;
      parts.push(Buffer.from(`HMSG ${subject} 1 ${reply}${sizes}${CRLF}`), block, payload);
    }
    parts.push(Buffer.from(CRLF));
  }
  return Buffer.concat(parts);
}

/**
 * Reads the chunks through the reader's own memory, as a socket does, or from buffers, as TLS does.
 * It looks at messages only after the read: the chain holds back a burst's last event until then.
 */
function read(chunks: Iterable<Buffer>, through: 'space' | 'push'): string[] {
  const seen: string[] = [];
  let held: (() => string)[] = [];
  const reader = new WireReader({
    onLine: (line) => held.push(() => line),
    onMessage: (sid, { subject, delivery, header, payload }) => {
      held.push(() => {
        const bytes = [header, payload].map((part) => (part === null ? '' : digest(part)));
        return [sid, subject, JSON.stringify(delivery), ...bytes].join('|');
      });
    },
  });
  for (const chunk of chunks) {
    const passing = Buffer.from(chunk);
    if (through === 'space') reader.filled(chunk.copy(reader.space));
    else reader.push(passing);
    seen.push(...held.map((look) => look()));
    held = [];
    // The memory of a TLS record is valid for one turn only.
    passing.fill(0);
  }
  return seen;
}

const digest = (bytes: Uint8Array): string =>
  `${bytes.length}:${createHash('sha1').update(bytes).digest('base64')}`;

function* cut(bytes: Buffer, random: Random, longest: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const length = random.between(1, random.between(0, 3) === 0 ? 5 : longest);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

describe('a stream of protocol bytes', () => {
  it.each([1, 2, 3, 4, 5, 6])('gives the same messages wherever it is cut (seed %i)', (seed) => {
    const random = new Random(seed);
    const bytes = stream(random, 120);
    const whole = read([bytes], 'push');
    expect(whole).toHaveLength(120);
    for (const longest of [11, 1_400, 16_384, 65_536, 262_144]) {
      // Byte for byte takes long, so only a part is tried.
      const part = longest === 11 ? bytes.subarray(0, 400_000) : bytes;
      const wanted = longest === 11 ? read([part], 'push') : whole;
      expect(read(cut(part, random, longest), 'space')).toEqual(wanted);
      expect(read(cut(part, random, longest), 'push')).toEqual(wanted);
    }
  });

  it.each([
    ['a line that ends without CR', `PING\nPONG${CRLF}`],
    ['a message that is longer than it says', `MSG a 1 2${CRLF}abc${CRLF}`],
    ['a message that is shorter than it says', `MSG a 1 4${CRLF}abc${CRLF}PING${CRLF}`],
    [
      'headers that are longer than the whole',
      `HMSG a 1 14 12${CRLF}NATS/1.0${CRLF}${CRLF}${CRLF}`,
    ],
    ['a size beyond what any server takes', `MSG a 1 99999999999${CRLF}`],
    ['a negative size', `MSG a 1 -1${CRLF}`],
    ['a message without a size', `MSG a${CRLF}`],
    ['words too many', `HMSG a 1 b c 1 2 3${CRLF}`],
  ])('is refused with %s, in one piece and byte by byte', (_what, text) => {
    const bytes = Buffer.from(text);
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    for (const through of ['space', 'push'] as const) {
      expect(() => read([bytes], through)).toThrow(ProtocolError);
      expect(() => read(single, through)).toThrow(ProtocolError);
    }
  });

  it('is refused if a line does not end', () => {
    const endless = Array.from({ length: 30 }, () => Buffer.alloc(60_000, 'x'));
    expect(() => read(endless, 'space')).toThrow(ProtocolError);
    expect(() => read(endless, 'push')).toThrow(ProtocolError);
  });
});

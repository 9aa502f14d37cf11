/** The bytes that the fast form writes, compared with a plain description of the protocol. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChainedMessage } from '../../../router/wire/link.js';
import { WireWriter } from '../../../router/wire/writer.js';
import { CHAIN_PARTS, carriedHeaders } from '../../../routing/event-headers.js';

describe('the writer of protocol bytes', () => {
  const plain = (
    { subject, headers, payload, rawSequence }: ChainedMessage,
    last: number,
    reply?: string,
  ): Buffer => {
    const { beforeExpected, beforeRaw, end } = CHAIN_PARTS;
    const block = Buffer.concat([
      headers,
      Buffer.from(`${beforeExpected}${last}${beforeRaw}${rawSequence}${end}`),
    ]);
    const line = ['HPUB', subject, ...(reply === undefined ? [] : [reply])].join(' ');
    return Buffer.concat([
      Buffer.from(`${line} ${block.length} ${block.length + payload.length}\r\n`),
      ...[block, payload, Buffer.from('\r\n')],
    ]);
  };

  it('writes each message by the protocol, whatever its size', async () => {
    const sizes = fc.oneof(
      fc.nat(200),
      fc.constantFrom(63, 64, 65, 65_535, 65_536, 131_072, 200_000),
    );
    const messages = fc.array(
      fc.tuple(
        sizes,
        fc.nat(300),
        fc.nat(2 ** 31),
        fc.nat(2 ** 31),
        fc.option(fc.constant('_INBOX.a.1'), { nil: undefined }),
      ),
      { minLength: 1, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(messages, async (list) => {
        const written: Buffer[] = [];
        const writer = new WireWriter((bytes, done) => {
          written.push(Buffer.from(bytes));
          // The memory is reused at once.
          bytes.fill(0);
          done();
        });
        const wanted: Buffer[] = [];
        for (const [size, headerSize, last, rawSequence, reply] of list) {
          const headers = carriedHeaders(
            Buffer.from(`NATS/1.0\r\nA: ${'h'.repeat(headerSize)}\r\n\r\n`),
          );
          const message = {
            subject: `events.T${headerSize}`,
            headers,
            payload: Buffer.alloc(size, 'p'),
            rawSequence,
          };
          writer.chained(message, last, reply);
          wanted.push(plain(message, last, reply));
          await Promise.resolve();
        }
        writer.flush();
        expect(Buffer.concat(written).equals(Buffer.concat(wanted))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('recognises a subject again after more subjects than it remembers', () => {
    const written: Buffer[] = [];
    const writer = new WireWriter((bytes, done) => {
      written.push(Buffer.from(bytes));
      done();
    });
    const message = (n: number) => ({
      subject: `events.T${n}`,
      headers: carriedHeaders(null),
      payload: new Uint8Array(0),
      rawSequence: n,
    });
    const order = [...Array.from({ length: 5_000 }, (_, n) => n), 0, 4_999, 4_097];
    for (const n of order) writer.chained(message(n), n, undefined);
    writer.flush();
    expect(
      Buffer.concat(written).equals(Buffer.concat(order.map((n) => plain(message(n), n)))),
    ).toBe(true);
  });
});

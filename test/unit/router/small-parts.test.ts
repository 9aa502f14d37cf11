/** Pure parts of the hot path, against their plain descriptions. */
import fc from 'fast-check';
import { headers as newHeaders, type Msg } from 'nats';
import { describe, expect, it } from 'vitest';
import { CHAIN_PARTS, carriedHeaders } from '../../../routing/event-headers.js';
import type { SandboxId } from '../../../domain/names.js';
import { headerBytes } from '../../../routing/raw-headers.js';
import { Chain } from '../../../router/chain.js';
import type { Doubt } from '../../../router/doubt.js';
import { DurationHistogram } from '../../../router/duration-histogram.js';
import type { ChainedMessage, Link, LinkMessage } from '../../../router/wire/link.js';
import { routeDelivery } from '../../../router/outgoing.js';
import { readStatus } from '../../../router/wire/status-line.js';
import { WireWriter } from '../../../router/wire/writer.js';

const NOTHING = new Uint8Array(0);

describe('a status', () => {
  it.each([
    [null, 0, ''],
    ['', 0, ''],
    ['HTTP/1.1 200 OK\r\n\r\n', 0, ''],
    ['NATS/1.0 100\r\n\r\n', 100, ''],
    ['NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 7\r\n\r\n', 408, 'Request Timeout'],
  ])('of %j is %i %j', (block, code, text) => {
    const status = readStatus(block === null ? null : Buffer.from(block));
    expect([status.code, status.text]).toEqual([code, text]);
    expect(status.value('Nats-Pending-Messages')).toBe(code === 408 ? '7' : '');
  });
});

describe('the headers of a message', () => {
  const own = newHeaders();
  own.append('A', '1');
  it.each([
    [
      'as this client keeps them',
      { _rdata: Buffer.from('NATS/1.0\r\n\r\npayload'), _msg: { hdr: 12 } },
      'NATS/1.0\r\n\r\n',
    ],
    [
      'none, as this client keeps them',
      { _rdata: Buffer.from('payload'), _msg: { hdr: -1 } },
      null,
    ],
    ['as another version’s own encoding', { headers: own }, 'NATS/1.0\r\nA: 1\r\n\r\n'],
    ['none in another version', {}, null],
  ])('are read: %s', (_what, message, text) => {
    const found = headerBytes(message as unknown as Msg);
    expect(found === null ? null : Buffer.from(found).toString()).toBe(text);
  });
});

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

  it('writes what the protocol says, message by message, whatever the sizes', async () => {
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
          // The memory is used again at once.
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

  it('knows a subject again behind more than it remembers', () => {
    const written: Buffer[] = [];
    const writer = new WireWriter((bytes, done) => {
      written.push(Buffer.from(bytes));
      done();
    });
    const message = (n: number) => ({
      subject: `events.T${n}`,
      headers: carriedHeaders(null),
      payload: NOTHING,
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

describe('an event that is too large for the server', () => {
  const limits = { maxPayload: 2_000, maxControlLine: 4_096 };
  const routed = (size: number, headerSize: number) =>
    routeDelivery(
      {
        ...{ subject: 'events.raw.X', payload: Buffer.alloc(size, ' '), rawSequence: 77 },
        header: Buffer.from(`NATS/1.0\r\nA: ${'h'.repeat(headerSize)}\r\n\r\n`),
      },
      () => ({ subject: 'events.X', sandboxId: 'sb0000000001' as SandboxId, dlq: null }),
      limits,
    ).outgoing;

  it('by its headers goes to the DLQ without them, its payload whole', () => {
    const { subject, payload, headers } = routed(1_000, 1_200);
    expect([subject, payload.length]).toEqual(['dlq.oversize', 1_000]);
    expect(Buffer.from(headers).toString()).not.toContain('hhh');
  });

  it('by its payload is told of in the DLQ, with where RAW has it', () => {
    const { subject, payload, headers } = routed(2_500, 0);
    expect([subject, payload.length]).toEqual(['dlq.oversize', 0]);
    expect(Buffer.from(headers).toString()).toContain('RAW has it at 77');
  });
});

it('durations beyond the last bucket count in the sum and in +Inf alone', () => {
  const histogram = new DurationHistogram();
  histogram.observe('production', 60, 2);
  const text = histogram.text();
  expect(text).toContain('le="10"} 0\n');
  expect(text).toContain('le="+Inf"} 2\n');
  expect(text).toContain('_sum{sandbox_id="production"} 120\n');
});

describe('the chain', () => {
  function chained(behind = { sequence: 10, rawSequence: 20 }) {
    let answer: (message: LinkMessage) => void = () => undefined;
    const sent: { expected: number; reply: string | undefined }[] = [];
    const link: Link = {
      ...{ maxPayload: 1_048_576, newInbox: () => '_INBOX.x', publish: () => undefined },
      subscribe: (_subject, onMessage) => {
        answer = onMessage;
        return () => undefined;
      },
      publishChained: (_message, expected, reply) => void sent.push({ expected, reply }),
      ...{ onLost: () => undefined, close: () => undefined },
    };
    const doubts: Doubt[] = [];
    const chain = new Chain(link, behind, {
      onConfirmed: () => undefined,
      onDoubt: (d) => doubts.push(d),
    });
    const send = (n: number): void => {
      const event = {
        subject: 'events.A',
        headers: NOTHING,
        payload: new Uint8Array(1),
        label: 'x',
        dead: null,
      };
      chain.send({ ...event, rawSequence: n });
    };
    const say = (text: string, header: string | null = null): void => {
      const subject = sent.findLast(({ reply }) => reply !== undefined)?.reply ?? '';
      const payload = Buffer.from(text);
      answer({
        subject,
        delivery: null,
        header: header === null ? null : Buffer.from(header),
        payload,
      });
    };
    return { chain, sent, doubts, send, say };
  }

  it.each([
    ['of another sequence', '{"seq":99}', null, 'refused', /^stored at 99, expected 11$/],
    [
      'that refuses',
      '{"error":{"description":"wrong last sequence"}}',
      null,
      'refused',
      /^wrong last sequence, expected 11$/,
    ],
    [
      'that refuses without a word',
      '{"error":{}}',
      null,
      'refused',
      /^stored at undefined, expected 11$/,
    ],
    ['of no form', '', 'NATS/1.0 500 Oh\r\n\r\n', 'refused', /^an answer of no form: 500 Oh$/],
    ['of nobody', '', 'NATS/1.0 503\r\n\r\n', 'no_responders', /^no stream answers$/],
  ])(
    'is given up at an answer %s, once, and nothing is sent behind it',
    async (_what, text, header, reason, detail) => {
      const { chain, sent, doubts, send, say } = chained();
      send(21);
      const flushed = chain.flush();
      say(text, header);
      await expect(flushed).rejects.toMatchObject({ reason });
      say('{"seq":11}');
      expect(doubts).toMatchObject([{ reason, message: expect.stringMatching(detail) as string }]);
      const { length } = sent;
      send(22);
      expect([chain.sendPosition(), sent.length, chain.confirmed.sequence]).toEqual([
        false,
        length,
        10,
      ]);
      await expect(chain.flush()).rejects.toMatchObject({ reason });
    },
  );

  it('sends no position where as much is in flight as a fence is long', async () => {
    const { chain, sent, send, say } = chained();
    for (let n = 1; n <= 1_000; n++) send(20 + n);
    expect(chain.sendPosition()).toBe(false);
    expect(sent).toHaveLength(1_000);
    say('{"seq":1010}');
    await chain.flush();
    expect(chain.sendPosition()).toBe(true);
    chain.end();
  });
});

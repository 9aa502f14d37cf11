import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { AckPolicy, DeliverPolicy, type JsMsg } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FENCE_SUBJECT, STREAMS } from '../../../routing/subjects.js';
import { type RouterForm } from '../../../domain/routing-settings.js';
import { chained } from '../../../routing/event-headers.js';
import { corpus } from '../../../fixtures/events/index.js';
import { headerBytes, RawHeaders } from '../../../routing/raw-headers.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { SubjectCache } from '../../../router/wire/subject-cache.js';
import { digitsOf, putNumber } from '../../../router/wire/numbers.js';
import { ProtocolError, WireReader } from '../../../router/wire/reader.js';
import { WireWriter } from '../../../router/wire/writer.js';
import { TcpProxy } from '../chaos/tcp-proxy.js';
import { drained } from './flood.js';
import { routerInProcess } from './in-process.js';
import { guild } from '../../support/ids.js';
import { openWorld, type TestWorld } from './world.js';

/** 1,000,000 in the long form: `EVENTS=1000000 npm test -- test/system/router/forms.test.ts`. */
const EVENTS = Number(process.env.EVENTS ?? 50_000);

interface Stored {
  readonly count: number;
  readonly hash: string;
}

describe('the two forms', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world.close();
  });

  /**
   * Every event of the corpus repeatedly, for mapped guilds and others, with headers and large
   * payloads among them.
   */
  async function publishAll(): Promise<void> {
    const { nc } = world;
    const sets = Array.from({ length: 20 }, (_, g) =>
      corpus({
        guild: guild(g),
        otherGuild: guild(g + 1),
        user: '200000000000000001',
        channel: '300000000000000001',
      }).filter(({ subject }) => /^(events|commands)\.raw\.[^ ]+[^.]$/.test(subject)),
    );
    const large = Buffer.alloc(400_000, 'y').toString();
    for (let n = 0; n < EVENTS; n++) {
      const set = sets[n % sets.length] ?? [];
      const event = set[n % set.length];
      if (event === undefined) continue;
      const block = `NATS/1.0\r\nX-N: ${n}\r\nNats-Msg-Id: ${n}-é\r\nraw: \xff \r\n\r\n`;
      const headers = new RawHeaders(Buffer.from(block, 'latin1'));
      const payload =
        n % 5_000 === 4_999 ? `{"guild_id":"${guild(1)}","x":"${large}"}` : event.payload;
      nc.publish(event.subject, payload, n % 4 === 0 ? { headers } : {});
      if (n % 500 === 499) await nc.flush();
    }
    await nc.flush();
  }

  async function routedBy(form: RouterForm, natsUrl = world.servers.natsUrl): Promise<Stored> {
    const { nc, jsm, servers } = world;
    for (const name of ['DLQ', STREAMS.routed, 'KV_ROUTERS']) {
      const { config } = await jsm.streams.info(name);
      await jsm.streams.delete(name);
      await jsm.streams.add(config);
    }
    const router = await routerInProcess(servers, { form, natsUrl });
    await drained(nc, 300_000);
    await router.stop();
    const { lastSequence } = await streamFacts(nc, STREAMS.routed);
    const info = await jsm.consumers.add(STREAMS.routed, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
      mem_storage: true,
    });
    const consumer = await nc.jetstream().consumers.get(STREAMS.routed, info.name);
    const hash = createHash('sha256');
    let count = 0;
    for await (const message of await consumer.consume({ max_messages: 2_000 })) {
      if (message.subject !== FENCE_SUBJECT) {
        count += 1;
        const block = headerBytes(
          (message as JsMsg & { msg: Parameters<typeof headerBytes>[0] }).msg,
        );
        hash.update(`${message.seq} ${message.subject}\n`);
        hash.update(block ?? '').update(message.data);
      }
      if (message.seq >= lastSequence) break;
    }
    return { count, hash: hash.digest('hex') };
  }

  it(`store ${EVENTS} events byte for byte the same`, async () => {
    await publishAll();
    const plain = await routedBy('plain');
    const fast = await routedBy('fast');
    // Asked last: a plain publish after its flush may not be stored yet.
    const { messages } = await streamFacts(world.nc, STREAMS.raw);
    expect(fast).toEqual(plain);
    expect(plain.count).toBe(messages);
    // An event in the middle of a read, with the end of the previous one and the beginning of the
    // next.
    const proxy = await TcpProxy.start(Number(new URL(world.servers.natsUrl).port));
    proxy.crumble(1_400);
    expect(await routedBy('fast', `nats://127.0.0.1:${proxy.port}`)).toEqual(plain);
    await proxy.close();
  }, 600_000);
});

describe('the reader of the wire', () => {
  const frame = (n: number): Buffer => {
    const block = Buffer.from(`NATS/1.0\r\nA: ${n}\r\n\r\n`);
    const payload = Buffer.from('z'.repeat(n % 40));
    const reply = n % 3 === 0 ? '' : `$JS.ACK.RAW.c.1.${n}.${n + 1}.5.6 `;
    if (n % 2 === 0) {
      const line = `MSG events.raw.é${n} ${(n % 9) + 1} ${reply}${payload.length}\r\n`;
      return Buffer.concat([Buffer.from(line), payload, Buffer.from('\r\n')]);
    }
    const sizes = `${block.length} ${block.length + payload.length}`;
    const line = `HMSG a.b ${n} ${reply}${sizes}\r\n`;
    return Buffer.concat([Buffer.from(line), block, payload, Buffer.from('\r\n')]);
  };
  const frames = Buffer.concat([
    Buffer.from('INFO {"a":1}\r\n'),
    ...Array.from({ length: 30 }, (_, n) => frame(n)),
    Buffer.from("PING\r\nPONG\r\n-ERR 'x y'\r\n"),
  ]);
  const memory = Buffer.alloc(frames.length);
  function read(chunks: readonly Buffer[], intoSpace = false): string[] {
    const seen: string[] = [];
    const reader = new WireReader({
      onLine: (line) => seen.push(line),
      onMessage: (sid, { subject, delivery, header, payload }) => {
        const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();
        seen.push([sid, subject, JSON.stringify(delivery), text(header), text(payload)].join('|'));
      },
    });
    // The same memory each time, as in a socket.
    for (const chunk of chunks) {
      if (intoSpace) {
        chunk.copy(reader.space);
        reader.filled(chunk.length);
      } else {
        chunk.copy(memory);
        reader.push(memory.subarray(0, chunk.length));
      }
    }
    return seen;
  }

  it('gives the same messages, however the bytes are cut', () => {
    const whole = read([frames]);
    expect(whole).toHaveLength(34);
    expect(whole[2]).toContain('{"rawSequence":1,"consumerSequence":2,"pending":6}');
    fc.assert(
      fc.property(fc.array(fc.nat({ max: frames.length }), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), frames.length];
        const chunks = at.slice(1).map((end, i) => frames.subarray(at[i], end));
        expect(read(chunks)).toEqual(whole);
        expect(read(chunks, true)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
    const bytes = Array.from(frames, (byte) => Buffer.from([byte]));
    expect(read(bytes)).toEqual(whole);
    expect(read(bytes, true)).toEqual(whole);
  });

  it('assembles a frame that is larger than a read', () => {
    const payloads: number[] = [];
    const reader = new WireReader({
      onLine: () => undefined,
      onMessage: (_sid, { payload }) => payloads.push(payload.length, payload.at(-1) ?? 0),
    });
    const one = (size: number): Buffer =>
      Buffer.concat([
        Buffer.from(`MSG a 1 ${size}\r\n`),
        Buffer.alloc(size, 'q'),
        Buffer.from('\r\n'),
      ]);
    const bytes = Buffer.concat([one(10), one(700_000), one(60_000), one(70_000), one(3)]);
    for (let at = 0; at < bytes.length; at += 50_001) {
      const part = bytes.subarray(at, at + 50_001);
      part.copy(reader.space);
      reader.filled(part.length);
    }
    const q = 'q'.charCodeAt(0);
    expect(payloads).toEqual([10, q, 700_000, q, 60_000, q, 70_000, q, 3, q]);
  });

  it('refuses invalid protocol bytes', () => {
    expect(() => read([Buffer.from('MSG a 1 x\r\n')])).toThrow(ProtocolError);
    expect(() => read([Buffer.from('MSG a b c d e f 5\r\n')])).toThrow(ProtocolError);
  });
});

describe('the writer of the wire', () => {
  it('writes numbers correctly', () => {
    const buffer = Buffer.alloc(20);
    const written = (value: number): string =>
      buffer.toString('latin1', 2, putNumber(buffer, 2, value));
    for (const value of [0, 9, 10, 99, 100, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER])
      expect(written(value)).toBe(String(value));
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(written(value)).toBe(String(value));
        expect(digitsOf(value)).toBe(String(value).length);
      }),
    );
  });

  it('writes what the client would, for any subject, headers and payload', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            subject: fc.stringMatching(/^[a-zé日.]{1,80}$/u),
            headers: fc.uint8Array({ maxLength: 300 }),
            payload: fc.uint8Array({ maxLength: 2_000 }),
            rawSequence: fc.maxSafeNat(),
            expected: fc.maxSafeNat(),
            reply: fc.option(fc.stringMatching(/^[a-z.]{1,40}$/), { nil: undefined }),
          }),
          { minLength: 1, maxLength: 60 },
        ),
        (messages) => {
          const out: Buffer[] = [];
          const writer = new WireWriter((bytes) => out.push(Buffer.from(bytes)));
          const wanted: Buffer[] = [];
          for (const { expected, reply, ...message } of messages) {
            writer.chained(message, expected, reply);
            const block = chained(message.headers, expected, message.rawSequence);
            const to = [message.subject, ...(reply === undefined ? [] : [reply])].join(' ');
            const line = `HPUB ${to} ${block.length} ${block.length + message.payload.length}\r\n`;
            wanted.push(
              Buffer.from(line),
              block,
              Buffer.from(message.payload),
              Buffer.from('\r\n'),
            );
          }
          writer.flush();
          expect(Buffer.concat(out).equals(Buffer.concat(wanted))).toBe(true);
        },
      ),
    );
  });
});

describe('the subjects that are read', () => {
  it('are correct, however many there are', () => {
    const cache = new SubjectCache();
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 2_000; n++) {
        const text = `events.raw.É${n}`;
        const buffer = Buffer.from(`MSG ${text} 1`);
        expect(cache.textOf(buffer, 4, buffer.length - 2)).toBe(text);
      }
    }
  });
});

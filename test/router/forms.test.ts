import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { AckPolicy, DeliverPolicy, type JsMsg } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FENCE_SUBJECT, STREAMS, type RouterForm } from '../../domain/routing.js';
import { corpus } from '../../fixtures/events/index.js';
import { headerBytes, RawHeaders } from '../../platform/raw-headers.js';
import { streamFacts } from '../../platform/routed-log.js';
import { ProtocolError, WireReader } from '../../router/wire-reader.js';
import { drained } from './flood.js';
import { routerInProcess } from './in-process.js';
import { guild } from './routes.js';
import { openWorld, type TestWorld } from './world.js';

/** 1,000,000 in the long form: `EVENTS=1000000 npm test -- test/router/forms.test.ts`. */
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

  /** Every event of the corpus again and again, for mapped guilds and others; headers and large payloads among them. */
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

  async function routedBy(form: RouterForm): Promise<Stored> {
    const { nc, jsm, servers } = world;
    for (const name of ['DLQ', STREAMS.routed, 'KV_ROUTERS']) {
      const { config } = await jsm.streams.info(name);
      await jsm.streams.delete(name);
      await jsm.streams.add(config);
    }
    const router = await routerInProcess(servers, { form });
    await drained(nc, 120_000);
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
    // Asked last: a plain publish that is flushed may not be stored yet.
    const { messages } = await streamFacts(world.nc, STREAMS.raw);
    expect(fast).toEqual(plain);
    expect(plain.count).toBe(messages);
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
  function read(chunks: readonly Buffer[]): string[] {
    const seen: string[] = [];
    const reader = new WireReader({
      onLine: (line) => seen.push(line),
      onMessage: (sid, { subject, delivery, header, payload }) => {
        const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString();
        seen.push([sid, subject, JSON.stringify(delivery), text(header), text(payload)].join('|'));
      },
    });
    // The same memory each time, as the socket has it.
    const memory = Buffer.alloc(frames.length);
    for (const chunk of chunks) {
      chunk.copy(memory);
      reader.push(memory.subarray(0, chunk.length));
    }
    return seen;
  }

  it('gives the same, however the bytes come in chunks', () => {
    const whole = read([frames]);
    expect(whole).toHaveLength(34);
    expect(whole[2]).toContain('{"rawSequence":1,"consumerSequence":2,"pending":6}');
    fc.assert(
      fc.property(fc.array(fc.nat({ max: frames.length }), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), frames.length];
        const chunks = at.slice(1).map((end, i) => frames.subarray(at[i], end));
        expect(read(chunks)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
    expect(read(Array.from(frames, (byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it('refuses what is no protocol', () => {
    expect(() => read([Buffer.from('MSG a 1 x\r\n')])).toThrow(ProtocolError);
    expect(() => read([Buffer.from('MSG a b c d e f 5\r\n')])).toThrow(ProtocolError);
  });
});

/**
 * Messages in `ROUTED` that no router wrote: by an administrator, or by another product with the
 * necessary rights.
 */
import { Writable } from 'node:stream';
import { counted } from '../../../domain/counted.js';
import { headers as newHeaders } from 'nats';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HEADER_RAW_SEQ } from '../../../routing/event-headers.js';
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { check, NOTHING_WRONG, type StoredEvent } from './checker.js';
import { drained, Flood, numberOf, readRouted } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { freshStreams, inTurn, lastOfRouted, openWorld, type TestWorld } from './world.js';

/** A subject of production, so that the stream accepts it. */
const FOREIGN = 'events.BY_HAND';
/**
 * The fence of 1,000 takes most of it. Without the fence the doubt lasted a minute, and for 3,000
 * messages for ever.
 */
const HEALS_MS = 20_000;

describe('a foreign message in ROUTED', () => {
  let world: TestWorld;
  let flood: Flood;
  let router: TestRouter;
  let lines: string[];

  beforeAll(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    flood = new Flood(world.nc);
    lines = [];
    router = await started();
  });
  afterEach(async () => {
    await router.stop();
    await freshStreams(world);
  });
  afterAll(async () => {
    await world.close();
  });

  const started = (): Promise<TestRouter> => {
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      lines.push(chunk.toString());
      done();
    };
    return routerInProcess(world.servers, {
      log: pino({ level: 'error' }, new Writable({ write })),
    });
  };

  /** Publishes as any client may; resolves with the first message's sequence. */
  async function byHand(count: number, rawSequence?: number): Promise<number> {
    const headers = newHeaders();
    if (rawSequence !== undefined) headers.set(HEADER_RAW_SEQ, String(rawSequence));
    const { seq } = await world.nc.jetstream().publish(FOREIGN, 'by hand', { headers });
    for (let i = 1; i < count; i++) world.nc.publish(FOREIGN, 'by hand', { headers });
    await world.nc.flush();
    return seq;
  }

  const events = async (): Promise<StoredEvent[]> =>
    (await readRouted(world.nc)).filter(({ subject }) => subject !== FOREIGN);
  const expectNothingWrong = async (): Promise<void> => {
    expect(check(flood.events(), await events(), numberOf)).toEqual(NOTHING_WRONG);
  };

  async function expectNextWithin(millis: number): Promise<void> {
    const began = performance.now();
    flood.publish(inTurn(flood.published.length));
    await flood.quiet();
    await drained(world.nc);
    expect(performance.now() - began).toBeLessThan(millis);
  }

  it.each([1, 10, 5_000])(
    'is skipped on an idle stream, %i of them, with an alarm that names the sequence',
    async (count) => {
      await flood.run(100, 5_000, inTurn);
      await drained(world.nc);
      const first = await byHand(count);
      await expectNextWithin(HEALS_MS);
      await flood.run(100, 5_000, inTurn);
      await drained(world.nc);
      await expectNothingWrong();
      const alarms = lines.filter((line) => line.includes('ALARM'));
      expect(alarms.join()).toContain(
        `${counted(count, 'message')} at its end, from sequence ${first} on`,
      );
    },
  );

  it('replaces at most the one event whose sequence it took, while events are in flight; nothing is duplicated or reordered', async () => {
    const flooding = flood.run(6_000, 3_000, inTurn);
    let foreign = 0;
    for (let i = 0; i < 6; i++) {
      await delay(250);
      foreign += 1 + 40 * i;
      await byHand(1 + 40 * i);
    }
    await flooding;
    await drained(world.nc);
    const { lost, ...rest } = check(flood.events(), await events(), numberOf);
    expect({ lost: [], ...rest }).toEqual(NOTHING_WRONG);
    expect(lost.length).toBeLessThanOrEqual(foreign);
  });

  it('is skipped before a router’s first message', async () => {
    await router.stop();
    await freshStreams(world);
    await byHand(3);
    router = await started();
    await flood.run(50, 5_000, inTurn);
    await drained(world.nc);
    await expectNothingWrong();
  });

  it('is skipped by the next router, without a checkpoint', async () => {
    await flood.run(100, 5_000, inTurn);
    await drained(world.nc);
    await router.stop();
    await byHand(1_500);
    await world.jsm.streams.purge('KV_ROUTERS');
    router = await started();
    await expectNextWithin(HEALS_MS);
    await expectNothingWrong();
  });

  it('with a lower Raw-Seq moves no position: nothing is stored twice', async () => {
    await flood.run(200, 5_000, inTurn);
    await drained(world.nc);
    // The checkpoint includes them.
    await delay(1_200);
    await byHand(2, 7);
    await expectNextWithin(HEALS_MS);
    await expectNothingWrong();
  });

  it('together with a removed end leaves the position unknown: the router waits and reports it', async () => {
    await flood.run(100, 5_000, inTurn);
    await drained(world.nc);
    await router.stop();
    const kv = await world.nc.jetstream().views.kv('ROUTERS');
    const checkpoint = (await kv.get('checkpoint'))?.json<{
      sequence: number;
      rawSequence: number;
    }>();
    const last = (await lastOfRouted(world.nc))?.sequence ?? 0;
    // Its state a moment before the end.
    const old = { ...checkpoint, sequence: last - 5, rawSequence: 95 };
    await kv.put('checkpoint', JSON.stringify(old));
    for (let n = 0; n < 5; n++) await world.jsm.streams.deleteMessage(STREAMS.routed, last - n);
    await byHand(1);
    const before = await streamFacts(world.nc, STREAMS.routed);
    router = await routerInProcess(world.servers, { until: 'started' });
    await expect.poll(() => router.router.status().state, { timeout: 15_000 }).toBe('paused');
    expect(router.router.status().reason).toMatch(/RAW cannot tell/);
    expect((await streamFacts(world.nc, STREAMS.routed)).lastSequence).toBe(before.lastSequence);
  });
});

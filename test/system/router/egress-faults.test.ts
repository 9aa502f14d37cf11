import { DiscardPolicy } from 'nats';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { routedSubjects, STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { Chain } from '../../../router/chain.js';
import type { Doubt } from '../../../router/doubt.js';
import type { Link } from '../../../router/wire/link.js';
import { TcpProxy } from '../chaos/tcp-proxy.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, verdict, type EventPlan } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { freshStreams, inTurn, openWorld, type TestWorld } from './world.js';

const inTurnOfProduction = (): EventPlan => ({
  guildId: null,
  type: 'X',
  allowed: ['events.X'],
});

describe('the way out', () => {
  let world: TestWorld;
  let flood: Flood;
  let router: TestRouter | undefined;

  beforeAll(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    await freshStreams(world);
    flood = new Flood(world.nc);
  });
  afterEach(async () => {
    await router?.stop();
    router = undefined;
  });
  afterAll(async () => {
    await world.close();
  });

  it('stops at a full stream, keeps memory flat, and continues when there is room', async () => {
    const { nc, jsm } = world;
    router = await routerInProcess(world.servers);
    await flood.run(500, 5_000, inTurn);
    await drained(nc);
    const { messages } = await streamFacts(nc, STREAMS.routed);
    await jsm.streams.update(STREAMS.routed, {
      discard: DiscardPolicy.New,
      max_msgs: messages + 300,
    });
    await flood.run(20_000, 20_000, inTurn);
    await delay(1_000);
    expect((await streamFacts(nc, STREAMS.routed)).messages).toBeLessThanOrEqual(messages + 300);
    expect(router.router.ready()).toBe(false);
    const inFlight = await router.router.metrics.registry.getSingleMetricAsString(
      'sandbox_router_in_flight',
    );
    expect(Number(/in_flight ([0-9]+)/.exec(inFlight)?.[1])).toBeLessThanOrEqual(1_000);
    const reasons = await router.router.metrics.registry.metrics();
    expect(reasons).toMatch(/reconciliations_total\{reason="(refused|fence_refused)"\} [1-9]/);
    await jsm.streams.update(STREAMS.routed, { discard: DiscardPolicy.Old, max_msgs: -1 });
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('stops when no stream answers (503), and continues when one does', async () => {
    const { nc, jsm } = world;
    router = await routerInProcess(world.servers);
    const flooding = flood.run(4_000, 4_000, inTurn);
    await delay(200);
    const subjects = routedSubjects(DEFAULT_PRODUCTION_SUBJECTS);
    const without = subjects.filter((subject) => subject !== 'events.*');
    await jsm.streams.update(STREAMS.routed, { subjects: without });
    await flooding;
    await delay(500);
    expect(await router.router.metrics.registry.metrics()).toMatch(
      /reconciliations_total\{reason="(no_responders|refused)"\} [1-9]/,
    );
    await jsm.streams.update(STREAMS.routed, { subjects });
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('waits longer and longer while nothing can be stored: fences must not push out unread events', async () => {
    const { nc, jsm } = world;
    router = await routerInProcess(world.servers);
    const subjects = routedSubjects(DEFAULT_PRODUCTION_SUBJECTS);
    const without = subjects.filter((subject) => subject !== 'events.*');
    await jsm.streams.update(STREAMS.routed, { subjects: without });
    onTestFinished(async () => {
      await jsm.streams.update(STREAMS.routed, { subjects });
    });
    const before = (await streamFacts(nc, STREAMS.routed)).lastSequence;
    await flood.run(100, 4_000, inTurnOfProduction);
    await nc.jetstream().publish('events.raw.X', 'no JSON');
    await delay(1_500);
    const terms = ((await streamFacts(nc, STREAMS.routed)).lastSequence - before) / 1_000;
    expect(terms).toBeGreaterThan(1);
    // Pauses of 20, 50, 100, 200, 500 and 1,000 ms; without them about 40 terms.
    expect(terms).toBeLessThan(8);
    await jsm.streams.update(STREAMS.routed, { subjects });
    await drained(nc);
    const { foreign, ...found } = await verdict(nc, flood);
    expect({ ...found, foreign: [] }).toEqual(NOTHING_WRONG);
    // Decided in each term, and stored once.
    expect(foreign).toHaveLength(1);
    expect(await router.router.metrics.registry.metrics()).toContain(
      'sandbox_router_dlq_total{reason="malformed"} 1\n',
    );
  });

  it('confirms no event without its PubAck, and doubts after 2 s', async () => {
    const silent: Link = {
      maxPayload: 1_048_576,
      newInbox: () => '_INBOX.silent',
      subscribe: () => () => undefined,
      publish: () => undefined,
      publishChained: () => undefined,
      onLost: () => undefined,
      close: () => undefined,
    };
    const behind = { sequence: 10, rawSequence: 20 };
    let confirmed = 0;
    const doubted = new Promise<Doubt>((resolve) => {
      const events = { onConfirmed: () => (confirmed += 1), onDoubt: resolve };
      const chain = new Chain(silent, behind, events);
      const [headers, payload] = [new Uint8Array(0), new Uint8Array(1)];
      const event = { subject: 'events.A', headers, payload, rawSequence: 21 };
      chain.send({ ...event, label: 'x', dead: null });
    });
    const began = performance.now();
    expect(await doubted).toMatchObject({ reason: 'ack_timeout' });
    expect(performance.now() - began).toBeGreaterThan(1_900);
    expect(confirmed).toBe(0);
  });

  it.each(['fast', 'plain'] as const)(
    'survives cut, stalled and slow connections (%s form)',
    async (form) => {
      const { nc, servers } = world;
      const proxy = await TcpProxy.start(Number(new URL(servers.natsUrl).port));
      const natsUrl = `nats://127.0.0.1:${proxy.port}`;
      router = await routerInProcess(servers, { form, natsUrl });
      const flooding = flood.run(16_000, 4_000, inTurn);
      await delay(300);
      proxy.cut();
      await delay(400);
      proxy.slow(40);
      await delay(600);
      proxy.slow(0);
      proxy.stall();
      await delay(1_800);
      proxy.resume();
      await delay(100);
      proxy.cut();
      await flooding;
      await drained(nc);
      expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
      await router.stop();
      router = undefined;
      await proxy.close();
    },
  );
});

import { AckPolicy, DiscardPolicy } from 'nats';
import pino from 'pino';
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
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, readRouted, verdict } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute } from './routes.js';
import { freshStreams, inTurn, openWorld, type TestWorld } from './world.js';

describe('limits', () => {
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

  it('confirmed events are trimmed when RAW nears its limit: no publisher is refused', async () => {
    const { nc, jsm } = world;
    await jsm.streams.update(STREAMS.raw, { max_bytes: 2_000_000 });
    router = await routerInProcess(world.servers);
    // About 5 MB through 2, over seconds, because RAW is trimmed each second.
    await flood.run(6_000, 1_000, inTurn);
    await drained(nc);
    expect(flood.acknowledged).toBe(6_000);
    expect((await streamFacts(nc, STREAMS.raw)).firstSequence).toBeGreaterThan(1);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    await jsm.streams.update(STREAMS.raw, { max_bytes: 4_096 * 1_048_576 });
  });

  it('an alarm comes before RAW refuses its publishers', async () => {
    const { nc, jsm } = world;
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    router = await routerInProcess(world.servers, { log });
    await flood.run(100, 5_000, inTurn);
    await drained(nc);
    // Nothing can be stored in ROUTED, so a backlog fills RAW.
    await jsm.streams.update(STREAMS.routed, { discard: DiscardPolicy.New, max_msgs: 3_500 });
    await jsm.streams.update(STREAMS.raw, { max_bytes: 3_000_000 });
    const flooding = flood.run(4_000, 1_000, inTurn);
    await expect
      .poll(() => lines.join(''), { timeout: 9_000, interval: 200 })
      .toContain('ALARM: RAW is nearly full');
    const page = await router.router.metrics.registry.metrics();
    expect(page).toMatch(/sandbox_router_raw_fill_ratio 0\.[89]/);
    // The report of lost events: none.
    expect(page).toContain('sandbox_router_alarms_total 0');
    await flooding;
    await jsm.streams.update(STREAMS.routed, { discard: DiscardPolicy.Old, max_msgs: -1 });
    await drained(nc);
    const { misrouted, duplicated, lost } = await verdict(nc, flood);
    expect({ misrouted, duplicated, lost }).toEqual({ misrouted: [], duplicated: [], lost: [] });
    await jsm.streams.update(STREAMS.raw, { max_bytes: 4_096 * 1_048_576 });
  });

  it('a sandbox that reads nothing keeps its backlog, and production is not slower', async () => {
    const { nc, jsm } = world;
    await jsm.consumers.add(STREAMS.routed, {
      durable_name: 'slow',
      filter_subject: `sandbox.${sandbox(1)}.>`,
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: 1,
    });
    router = await routerInProcess(world.servers);
    await flood.run(4_000, 8_000, inTurn);
    await drained(nc, 2_000);
    expect((await jsm.consumers.info(STREAMS.routed, 'slow')).num_pending).toBe(200);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    await jsm.consumers.delete(STREAMS.routed, 'slow');
  });

  it('the control line is as long as the configuration allows', async () => {
    const { nc } = world;
    const subject = `events.raw.${'y'.repeat(900)}`;
    const stored: (string | undefined)[] = [];
    for (const maxControlLine of [1_024, 4_096]) {
      router = await routerInProcess(world.servers, { maxControlLine });
      await nc.jetstream().publish(subject, '{}');
      await drained(nc);
      stored.push((await readRouted(nc)).at(-1)?.subject);
      await router.stop();
      router = undefined;
    }
    expect(stored).toEqual(['dlq.oversize', `events.${'y'.repeat(900)}`]);
  });

  it('an alarm comes before a consumer loses unread events, and names it', async () => {
    const { nc, jsm } = world;
    // Room for about 1,200 events.
    await jsm.streams.update(STREAMS.routed, { max_bytes: 1_000_000 });
    onTestFinished(async () => {
      await jsm.streams.update(STREAMS.routed, { max_bytes: 8_192 * 1_048_576 });
    });
    const durable = (name: string, s: number): Promise<unknown> =>
      jsm.consumers.add(STREAMS.routed, {
        durable_name: name,
        filter_subjects: [`sandbox.${sandbox(s)}.events.>`, `sandbox.${sandbox(s)}.commands.>`],
        ack_policy: AckPolicy.Explicit,
      });
    const readAll = async (name: string): Promise<void> => {
      const consumer = await nc.jetstream().consumers.get(STREAMS.routed, name);
      for await (const message of await consumer.fetch({ max_messages: 150, expires: 5_000 }))
        message.ack();
    };
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    router = await routerInProcess(world.servers, { consumersEveryMs: 50, log });
    const atRisk = async (): Promise<string[]> => {
      await delay(150);
      const text = await router?.router.metrics.registry.getSingleMetricAsString(
        'sandbox_consumer_at_risk',
      );
      return [...(text ?? '').matchAll(/consumer="(\w+)"\} 1/g)].map(([, name = '']) => name);
    };
    const fill = async (count: number, guildOf: (n: number) => number): Promise<void> => {
      await flood.run(count, 5_000, (n) => ({
        guildId: guild(guildOf(n)),
        type: 'X',
        allowed: [],
      }));
      await drained(nc);
    };
    // The stream is full and drops its oldest events. One consumer reads nothing, one everything.
    await fill(1_500, () => 15);
    await Promise.all([durable('sb_slow', 1), durable('sb_quick', 2), durable('sb_quiet', 3)]);
    await fill(300, (n) => 1 + (n % 2));
    await readAll('sb_quick');
    expect(await atRisk()).toEqual([]);
    // One consumer has an old ack floor but no old unread event: it gets one event each round.
    for (let round = 0; round < 20 && (await atRisk()).length === 0; round++)
      await fill(50, (n) => (n === 49 ? 3 : 15));
    expect(await atRisk()).toEqual(['sb_slow']);
    expect(lines.filter((line) => line.includes('ALARM: consumers of ROUTED'))).toHaveLength(1);
    expect(lines.join('')).toContain('"consumer":"sb_slow","unread":150');
    // In time: none of its events is gone.
    expect((await jsm.consumers.info(STREAMS.routed, 'sb_slow')).num_pending).toBe(150);
    await readAll('sb_slow');
    await expect.poll(atRisk, { timeout: 15_000 }).toEqual([]);
  });

  it('a lost notification heals by itself', async () => {
    const { nc, sql } = world;
    router = await routerInProcess(world.servers);
    await delay(100);
    const version = await setRoute(sql, null, guild(30), sandbox(30));
    await expect
      .poll(() => router?.router.status().routeVersion, { timeout: 15_000, interval: 10 })
      .toBe(version);
    await nc.jetstream().publish('events.raw.X', JSON.stringify({ guild_id: guild(30) }));
    await drained(nc);
    expect((await readRouted(nc)).at(-1)?.subject).toBe(`sandbox.${sandbox(30)}.events.X`);
  });

  it('Redis flushed, and restarted empty: routes still come from Postgres', async () => {
    const { nc, servers, sql, redis } = world;
    router = await routerInProcess(servers);
    const flooding = flood.run(4_000, 2_000, inTurn);
    await redis.flushall();
    await setRoute(sql, null, guild(31), sandbox(31));
    await delay(300);
    await servers.redis.restart();
    const version = await setRoute(sql, null, guild(32), sandbox(32));
    await expect
      .poll(() => router?.router.status().routeVersion, { timeout: 15_000, interval: 10 })
      .toBe(version);
    await flooding;
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('Redis and Postgres away beyond the bound: routing pauses visibly, and continues by itself', async () => {
    const { nc, servers } = world;
    router = await routerInProcess(servers, { staleMs: 700 });
    const flooding = flood.run(8_000, 2_000, inTurn);
    await delay(200);
    await Promise.all([servers.redis.end(), servers.postgres.end()]);
    // Within the bound the last table is valid.
    await delay(200);
    expect(router.router.status().state).toBe('routing');
    await expect.poll(() => router?.router.status().state, { timeout: 15_000 }).toBe('paused');
    expect(router.router.ready()).toBe(false);
    const text = await router.router.metrics.registry.metrics();
    expect(text).toMatch(/sandbox_router_paused 1/);
    // A fence for each check of the routes would push out unread events within hours.
    const { lastSequence } = await streamFacts(nc, STREAMS.routed);
    await delay(1_500);
    expect((await streamFacts(nc, STREAMS.routed)).lastSequence).toBe(lastSequence);
    // The alert rules depend on it.
    expect(text).toMatch(/sandbox_router_writer 0/);
    await Promise.all([servers.redis.start(), servers.postgres.start()]);
    await expect.poll(() => router?.router.status().state, { timeout: 8_000 }).toBe('routing');
    await flooding;
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });
});

import { AckPolicy, DiscardPolicy } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STREAMS } from '../../domain/routing.js';
import { delay } from '../../platform/deadline.js';
import { streamFacts } from '../../platform/routed-log.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, readRouted, verdict } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { guild, sandbox, setRoute } from './routes.js';
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

  it('RAW is trimmed of what is confirmed when it nears its limit: no publisher is refused', async () => {
    const { nc, jsm } = world;
    await jsm.streams.update(STREAMS.raw, { max_bytes: 2_000_000 });
    router = await routerInProcess(world.servers);
    // Some 5 MB through 2, in seconds, since trimming comes each second.
    await flood.run(6_000, 1_000, inTurn);
    await drained(nc);
    expect(flood.acknowledged).toBe(6_000);
    expect((await streamFacts(nc, STREAMS.raw)).firstSequence).toBeGreaterThan(1);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    await jsm.streams.update(STREAMS.raw, { max_bytes: 4_096 * 1_048_576 });
  }, 30_000);

  it('an alarm comes before RAW refuses its publishers', async () => {
    const { nc, jsm } = world;
    router = await routerInProcess(world.servers);
    await flood.run(100, 5_000, inTurn);
    await drained(nc);
    // The way out is shut, so that only a backlog fills it.
    await jsm.streams.update(STREAMS.routed, { discard: DiscardPolicy.New, max_msgs: 3_500 });
    await jsm.streams.update(STREAMS.raw, { max_bytes: 3_000_000 });
    const flooding = flood.run(4_000, 1_000, inTurn);
    await expect
      .poll(() => router?.router.metrics.registry.metrics(), { timeout: 9_000, interval: 200 })
      .toMatch(/sandbox_router_alarms_total [1-9]/);
    await flooding;
    await jsm.streams.update(STREAMS.routed, { discard: DiscardPolicy.Old, max_msgs: -1 });
    await drained(nc);
    const { misrouted, duplicated, lost } = await verdict(nc, flood);
    expect({ misrouted, duplicated, lost }).toEqual({ misrouted: [], duplicated: [], lost: [] });
    await jsm.streams.update(STREAMS.raw, { max_bytes: 4_096 * 1_048_576 });
  }, 30_000);

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

  it('a lost notification heals within a second', async () => {
    const { nc, sql } = world;
    router = await routerInProcess(world.servers);
    await delay(100);
    const version = await setRoute(sql, null, guild(30), sandbox(30));
    const began = performance.now();
    await expect
      .poll(() => router?.router.status().routeVersion, { timeout: 3_000, interval: 10 })
      .toBe(version);
    expect(performance.now() - began).toBeLessThan(1_000);
    await nc.jetstream().publish('events.raw.X', JSON.stringify({ guild_id: guild(30) }));
    await drained(nc);
    expect((await readRouted(nc)).at(-1)?.subject).toBe(`sandbox.${sandbox(30)}.events.X`);
  });

  it('Redis flushed, and restarted empty: routes still come, from Postgres', async () => {
    const { nc, servers, sql, redis } = world;
    router = await routerInProcess(servers);
    const flooding = flood.run(4_000, 2_000, inTurn);
    await redis.flushall();
    await setRoute(sql, null, guild(31), sandbox(31));
    await delay(300);
    await servers.redis.restart();
    const version = await setRoute(sql, null, guild(32), sandbox(32));
    await expect
      .poll(() => router?.router.status().routeVersion, { timeout: 3_000, interval: 10 })
      .toBe(version);
    await flooding;
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('Redis and Postgres away beyond the bound: routing pauses, visibly, and goes on by itself', async () => {
    const { nc, servers } = world;
    router = await routerInProcess(servers, { staleMs: 700 });
    const flooding = flood.run(8_000, 2_000, inTurn);
    await delay(200);
    await Promise.all([servers.redis.end(), servers.postgres.end()]);
    // Within the bound the last table serves.
    await delay(200);
    expect(router.router.status().state).toBe('routing');
    await expect.poll(() => router?.router.status().state, { timeout: 4_000 }).toBe('paused');
    expect(router.router.ready()).toBe(false);
    const text = await router.router.metrics.registry.metrics();
    expect(text).toMatch(/sandbox_router_paused 1/);
    await Promise.all([servers.redis.start(), servers.postgres.start()]);
    await expect.poll(() => router?.router.status().state, { timeout: 8_000 }).toBe('routing');
    await flooding;
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FENCE_SUBJECT, STREAMS } from '../../../routing/subjects.js';
import { delay, withDeadline } from '../../../platform/deadline.js';
import { readLogEntry } from '../../../routing/routed-log.js';
import { purgeLeftovers } from '../../../routing/barrier.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, numberOf, readRouted, verdict } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { sandbox } from '../../support/ids.js';
import { freshStreams, inTurn, lastOfRouted, openWorld, type TestWorld } from './world.js';

const alarmsOf = async ({ router }: TestRouter): Promise<number> => {
  const text = await router.metrics.registry.getSingleMetricAsString('sandbox_router_alarms_total');
  return Number(/sandbox_router_alarms_total ([0-9]+)/.exec(text)?.[1]);
};

describe('the position', () => {
  let world: TestWorld;
  let flood: Flood;
  let router: TestRouter | undefined;
  const restarted = async (): Promise<TestRouter> => {
    await router?.stop();
    router = await routerInProcess(world.servers);
    return router;
  };

  beforeAll(async () => {
    world = await openWorld();
  });
  beforeEach(() => {
    flood = new Flood(world.nc);
  });
  afterEach(async () => {
    await router?.stop();
    router = undefined;
    await freshStreams(world);
  });
  afterAll(async () => {
    await world.close();
  });

  it('is found again when the consumer is deleted', async () => {
    const { router: running } = await restarted();
    const flooding = flood.run(6_000, 6_000, inTurn);
    for (let i = 0; i < 3; i++) {
      await delay(250);
      for await (const { name } of world.jsm.consumers.list(STREAMS.raw))
        await world.jsm.consumers.delete(STREAMS.raw, name);
    }
    await flooding;
    await drained(world.nc);
    expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
    const text = await running.metrics.registry.metrics();
    expect(text).toMatch(/reconciliations_total\{reason="(consumer|heartbeat)"\} [1-9]/);
  });

  it('is found again when the last message is deleted, by the checkpoint', async () => {
    await restarted();
    await flood.run(500, 5_000, inTurn);
    await drained(world.nc);
    await router?.stop();
    router = undefined;
    const last = await lastOfRouted(world.nc);
    await world.jsm.streams.deleteMessage(STREAMS.routed, last?.sequence ?? 0);
    await restarted();
    await flood.run(500, 5_000, inTurn);
    await drained(world.nc);
    // Only the deleted message is gone, by the operator's hand, and nothing is duplicated.
    expect(await verdict(world.nc, flood)).toEqual({ ...NOTHING_WRONG, lost: [499] });
  });

  it('is found again when the whole log is purged, by the checkpoint', async () => {
    await restarted();
    await flood.run(500, 5_000, inTurn);
    await drained(world.nc);
    await router?.stop();
    router = undefined;
    await world.jsm.streams.purge(STREAMS.routed);
    await restarted();
    await flood.run(500, 5_000, inTurn);
    await drained(world.nc);
    const stored = (await readRouted(world.nc)).map(numberOf);
    expect(stored).toEqual(Array.from({ length: 500 }, (_, i) => 500 + i));
  });

  it('is counted forward from the checkpoint if the end of the log is gone', async () => {
    const { servers, nc } = world;
    await restarted();
    await flood.run(300, 5_000, inTurn);
    await drained(nc);
    await router?.stop();
    // The checkpoint before the next events, as a killed router would leave it.
    const kv = await nc.jetstream().views.kv('ROUTERS');
    const old = await kv.get('checkpoint');
    router = await routerInProcess(servers);
    await kv.delete('writer');
    await flood.run(200, 5_000, inTurn);
    await drained(nc);
    await router.stop();
    router = undefined;
    // On a slow machine it may have written another fence between them.
    const fence = await readLogEntry(nc, STREAMS.routed, { last_by_subj: FENCE_SUBJECT });
    const { sequence, rawSequence } = fence ?? {};
    const position = { ...old?.json<object>(), sequence, rawSequence };
    await kv.put('checkpoint', JSON.stringify(position));
    await world.jsm.streams.purge(STREAMS.routed);
    await restarted();
    await flood.run(100, 5_000, inTurn);
    await drained(nc);
    const stored = (await readRouted(nc)).map(numberOf);
    expect(stored).toEqual(Array.from({ length: 100 }, (_, i) => 500 + i));
  });

  it('is not counted forward over a fence: a destroy without a live router wrote one that is gone', async () => {
    const { nc, jsm } = world;
    await restarted();
    await flood.run(300, 5_000, inTurn);
    await drained(nc);
    await router?.stop();
    router = undefined;
    await purgeLeftovers(nc, sandbox(1));
    await flood.run(1_500, 10_000, inTurn);
    await jsm.streams.purge(STREAMS.routed);
    router = await routerInProcess(world.servers, { until: 'started' });
    await expect.poll(() => router?.router.status().state, { timeout: 15_000 }).toBe('paused');
    expect(router.router.status().reason).toMatch(/the end of ROUTED is gone/);
  });

  it('is not guessed if neither log nor checkpoint has it: the router pauses', async () => {
    await restarted();
    await flood.run(100, 5_000, inTurn);
    await drained(world.nc);
    await router?.stop();
    await world.jsm.streams.purge(STREAMS.routed);
    await world.jsm.streams.purge('KV_ROUTERS');
    router = await routerInProcess(world.servers, { until: 'started' });
    await expect.poll(() => router?.router.status().state, { timeout: 15_000 }).toBe('paused');
    expect(router.router.status().reason).toMatch(/the end of ROUTED is gone/);
    expect(router.router.ready()).toBe(false);
  });

  it('follows a recreated ROUTED from the checkpoint, with an alarm', async () => {
    await restarted();
    await flood.run(400, 5_000, inTurn);
    await drained(world.nc);
    await router?.stop();
    const { config } = await world.jsm.streams.info(STREAMS.routed);
    await world.jsm.streams.delete(STREAMS.routed);
    await world.jsm.streams.add(config);
    const again = await restarted();
    await flood.run(300, 5_000, inTurn);
    await drained(world.nc);
    const stored = (await readRouted(world.nc)).map(numberOf);
    expect(stored).toEqual(Array.from({ length: 300 }, (_, i) => 400 + i));
    expect(await alarmsOf(again)).toBeGreaterThan(0);
  });

  it('begins again with a recreated RAW, with an alarm', async () => {
    const again = await restarted();
    await flood.run(400, 5_000, inTurn);
    await drained(world.nc);
    const { config } = await world.jsm.streams.info(STREAMS.raw);
    await world.jsm.streams.delete(STREAMS.raw);
    await world.jsm.streams.add(config);
    await flood.run(300, 5_000, inTurn);
    await drained(world.nc);
    expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
    expect(await alarmsOf(again)).toBeGreaterThan(0);
  });

  it('survives a purge of the log while the writer runs', async () => {
    await restarted();
    await flood.run(400, 5_000, inTurn);
    await drained(world.nc);
    await world.jsm.streams.purge(STREAMS.routed);
    await flood.run(300, 5_000, inTurn);
    await expect
      .poll(async () => (await readRouted(world.nc)).length, { timeout: 10_000 })
      .toBe(300);
    const stored = (await readRouted(world.nc)).map(numberOf);
    expect(stored).toEqual(Array.from({ length: 300 }, (_, i) => 400 + i));
  });

  it('is left consistent by a router that is stopped at any moment of its start', async () => {
    for (let ms = 0; ms < 90; ms += 3) {
      const starting = await routerInProcess(world.servers, { until: 'started' });
      await delay(ms);
      await withDeadline(starting.stop(), 10_000, 'the router');
    }
    await restarted();
    await flood.run(100, 5_000, inTurn);
    await drained(world.nc);
    expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
  });
});

/**
 * `ingest.position.>` in RAW: an ingestor's own position. The router skips it and never removes it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { FENCE_SUBJECT, POSITION_PREFIX, STREAMS } from '../../../routing/subjects.js';
import { readLogEntry, streamFacts } from '../../../routing/routed-log.js';
import { NOTHING_WRONG } from './checker.js';
import { Flood, numberOf, readRouted, verdict } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { freshStreams, inTurn, openWorld, type TestWorld } from './world.js';

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
afterAll(() => world.close());

/** Publishes events, and after each some positions of two shards. */
async function floodWithPositions(count: number, perSecond = 4_000): Promise<void> {
  await flood.run(count, perSecond, (n) => {
    for (let i = 0; i < 1 + (n % 3); i++)
      world.nc.publish(`${POSITION_PREFIX}${n % 2}`, `{"n":${n},"guild_id":"x"}`);
    return inTurn(n);
  });
}
const storedIs = (count: number) =>
  expect.poll(async () => (await readRouted(world.nc)).length, { timeout: 30_000 }).toBe(count);

it('the router stores no position, and counts none as lag', async () => {
  router = await routerInProcess(world.servers);
  await floodWithPositions(2_000);
  // Longer than any pull without an event.
  for (let i = 0; i < 3_000; i++) world.nc.publish(`${POSITION_PREFIX}1`, '{}');
  await floodWithPositions(500);
  for (let i = 0; i < 100; i++) world.nc.publish(`${POSITION_PREFIX}1`, '{}');
  await storedIs(2_500);
  expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
  await expect.poll(() => router?.router.status().lag, { timeout: 10_000 }).toBe(0);
  await router.stop();
  router = await routerInProcess(world.servers);
  await floodWithPositions(100);
  await storedIs(2_600);
  expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
});

it('the newest position of each subject stays when RAW is trimmed, also after a long time', async () => {
  const { nc, jsm } = world;
  await jsm.streams.update(STREAMS.raw, { max_bytes: 2_000_000 });
  router = await routerInProcess(world.servers);
  await nc.jetstream().publish(`${POSITION_PREFIX}9`, 'older');
  const kept = await nc.jetstream().publish(`${POSITION_PREFIX}9`, 'the newest');
  await floodWithPositions(6_000, 1_000);
  await storedIs(6_000);
  expect(flood.acknowledged).toBe(6_000);
  expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  const { state } = await jsm.streams.info(STREAMS.raw, { subjects_filter: `${POSITION_PREFIX}>` });
  expect(Object.keys(state.subjects ?? {}).sort()).toEqual(
    [0, 1, 9].map((shard) => `${POSITION_PREFIX}${shard}`),
  );
  const newest = await jsm.streams.getMessage(STREAMS.raw, {
    last_by_subj: `${POSITION_PREFIX}9`,
  });
  expect([newest.seq, newest.string()]).toEqual([kept.seq, 'the newest']);
  expect(state.messages).toBeLessThan(6_000);
  await jsm.streams.update(STREAMS.raw, { max_bytes: 4_096 * 1_048_576 });
});

it('positions do not count as events when the position is counted forward without the end of the log', async () => {
  const { servers, nc } = world;
  router = await routerInProcess(servers);
  await floodWithPositions(300);
  await storedIs(300);
  await router.stop();
  const kv = await nc.jetstream().views.kv('ROUTERS');
  const old = await kv.get('checkpoint');
  router = await routerInProcess(servers);
  await kv.delete('writer');
  await floodWithPositions(200);
  await storedIs(500);
  await router.stop();
  router = undefined;
  const fence = await readLogEntry(nc, STREAMS.routed, { last_by_subj: FENCE_SUBJECT });
  const { sequence, rawSequence } = fence ?? {};
  const position = { ...old?.json<object>(), sequence, rawSequence };
  await kv.put('checkpoint', JSON.stringify(position));
  await world.jsm.streams.purge(STREAMS.routed);
  router = await routerInProcess(servers);
  await floodWithPositions(100);
  await storedIs(100);
  const stored = (await readRouted(nc)).map(numberOf);
  expect(stored).toEqual(Array.from({ length: 100 }, (_, i) => 500 + i));
  expect((await streamFacts(nc, STREAMS.raw)).messages).toBeGreaterThan(1_000);
});

/**
 * The sources of the router's position, laid out by hand: streams and checkpoint as accidents and
 * operators leave them.
 */
import { headers as newHeaders } from 'nats';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CHECKPOINT_KEY } from '../../../routing/members.js';
import { FENCE_SUBJECT, STREAMS } from '../../../routing/subjects.js';
import { HEADER_RAW_SEQ } from '../../../routing/event-headers.js';
import { streamFacts, writeFence } from '../../../routing/routed-log.js';
import { routerBucket } from '../../../routing/router-bucket.js';
import { PositionReader, type Checkpoint } from '../../../router/position/position.js';
import { RawWatch } from '../../../router/watch/raw.js';
import { freshStreams, openWorld, type TestWorld } from './world.js';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
beforeEach(() => freshStreams(world));
afterAll(() => world.close());

const reader = (): PositionReader => new PositionReader(world.nc, routerBucket(world.nc), STREAMS);

async function inRaw(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.nc.jetstream().publish('events.raw.X', '{}');
}
/** Messages as routers write them; null: a foreign message. */
async function inRouted(...rawSequences: (number | null)[]): Promise<void> {
  for (const rawSequence of rawSequences) {
    const headers = newHeaders();
    if (rawSequence !== null) headers.set(HEADER_RAW_SEQ, String(rawSequence));
    await world.nc.jetstream().publish('events.X', '{}', { headers });
  }
}
async function checkpointOf(change: Partial<Checkpoint>): Promise<void> {
  const [raw, routed] = await Promise.all([
    streamFacts(world.nc, STREAMS.raw),
    streamFacts(world.nc, STREAMS.routed),
  ]);
  const made = {
    rawCreated: raw.created,
    routedCreated: routed.created,
    sequence: 0,
    rawSequence: 0,
  };
  await routerBucket(world.nc).write(CHECKPOINT_KEY, { ...made, ...change });
}

describe('a fence', () => {
  it('is refused if the log has grown, or if no stream takes it', async () => {
    await inRouted(1, 2);
    const short = { length: 5 };
    const behind = { sequence: 1, rawSequence: 1 };
    await expect(writeFence(world.nc, behind, short)).rejects.toThrow(/wrong last sequence/);
    expect((await streamFacts(world.nc, STREAMS.routed)).lastSequence).toBe(2);
    const next = { sequence: 2, rawSequence: 2 };
    expect(await writeFence(world.nc, next, short)).toEqual({ sequence: 7, rawSequence: 2 });
    await world.jsm.streams.purge(STREAMS.routed);
    const { config } = await world.jsm.streams.info(STREAMS.routed);
    const without = config.subjects.filter((subject) => subject !== FENCE_SUBJECT);
    await world.jsm.streams.update(STREAMS.routed, { subjects: without });
    const nowhere = writeFence(
      world.nc,
      { sequence: 7, rawSequence: 2 },
      { ...short, timeoutMs: 500 },
    );
    await expect(nowhere).rejects.toThrow('no stream takes the fence');
    await world.jsm.streams.update(STREAMS.routed, { subjects: config.subjects });
  });
});

describe('the position', () => {
  it('is that of the last message, and the beginning on the first day', async () => {
    expect(await reader().resolve()).toMatchObject({
      ...{ position: { sequence: 0, rawSequence: 0 }, alarms: [] },
    });
    await inRaw(3);
    await inRouted(1, 2);
    expect((await reader().resolve()).position).toEqual({ sequence: 2, rawSequence: 2 });
  });

  it('moves on after unrouted events were removed from RAW, with an alarm', async () => {
    await inRaw(9);
    await inRouted(1, 2);
    await world.jsm.streams.purge(STREAMS.raw, { seq: 6 });
    const { position, alarms } = await reader().resolve();
    expect(position.rawSequence).toBe(2);
    expect(alarms).toEqual([expect.stringContaining('begins at 6, the position is 2')]);
  });

  it('moves on after RAW was emptied unrouted, with an alarm, and after it was only trimmed, without one', async () => {
    await inRaw(9);
    await inRouted(1, 2);
    await world.jsm.streams.purge(STREAMS.raw);
    const { lastSequence } = await streamFacts(world.nc, STREAMS.raw);
    const { position, alarms } = await reader().resolve();
    expect(position.rawSequence).toBe(2);
    expect(alarms).toEqual([
      expect.stringContaining(`begins at ${lastSequence + 1}, the position is 2`),
    ]);
    await inRouted(lastSequence);
    const trimmed = { position: { rawSequence: lastSequence }, alarms: [] };
    expect(await reader().resolve()).toMatchObject(trimmed);
  });

  it('of an emptied RAW is no lag: nothing is left to route', async () => {
    await inRaw(9);
    const quiet = { onAlarm: () => undefined, log: pino({ level: 'silent' }) };
    const watch = new RawWatch({ nc: world.nc, stream: STREAMS.raw, confirmed: () => 2, ...quiet });
    onTestFinished(() => {
      watch.close();
    });
    await expect.poll(() => watch.lag, { timeout: 5_000 }).toBeGreaterThan(0);
    await world.jsm.streams.purge(STREAMS.raw);
    await expect.poll(() => watch.lag, { timeout: 5_000 }).toBe(0);
  });

  it('past the end of RAW is waited for, since a new leader may lag; then reading restarts at the end, with an alarm', async () => {
    await inRaw(2);
    await inRouted(1, 2, 3, 4, 5);
    const one = reader();
    const behind = { reason: 'position', message: 'RAW ends at 2, before the position 5' };
    await expect(one.resolve()).rejects.toMatchObject(behind);
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now');
    try {
      clock.mockImplementation(() => now() + 9_000);
      await expect(one.resolve()).rejects.toMatchObject(behind);
      clock.mockImplementation(() => now() + 11_000);
      const { position, alarms } = await one.resolve();
      expect(position).toEqual({ sequence: 5, rawSequence: 2 });
      expect(alarms).toEqual([expect.stringContaining('RAW lost its end: it is read from 3')]);
    } finally {
      clock.mockRestore();
    }
  });

  it('causes no alarm if RAW reaches it in time', async () => {
    await inRaw(2);
    await inRouted(1, 2, 3);
    const one = reader();
    await expect(one.resolve()).rejects.toMatchObject({ reason: 'position' });
    await inRaw(1);
    expect(await one.resolve()).toMatchObject({ position: { rawSequence: 3 }, alarms: [] });
  });

  it.each([
    ['nothing', [], 7, 7],
    ['a foreign message', [null], 7, 7],
    ['a message of a router', [8, null], 7, 8],
  ] as const)(
    'in a recreated ROUTED with %s is that of the checkpoint or the newer one',
    async (_what, held, checkpointed, expected) => {
      await inRaw(9);
      await inRouted(...held);
      await checkpointOf({
        routedCreated: 'another time',
        sequence: 900,
        rawSequence: checkpointed,
      });
      const { position, alarms } = await reader().resolve();
      expect(position).toEqual({ sequence: held.length, rawSequence: expected });
      expect(alarms.join()).toContain('ROUTED was made anew');
    },
  );

  it('is not guessed without a message of a router or a checkpoint', async () => {
    await inRaw(9);
    await inRouted(3, null);
    await world.jsm.streams.deleteMessage(STREAMS.routed, 1);
    await expect(reader().resolve()).rejects.toMatchObject({ reason: 'position' });
  });
});

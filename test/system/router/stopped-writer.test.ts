import { type NatsConnection, type PubAck } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerBlock } from '../../../routing/event-headers.js';
import { MAX_UNCONFIRMED } from '../../../routing/members.js';
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { newInbox } from '../../../platform/nats.js';
import { RawHeaders } from '../../../routing/raw-headers.js';
import { streamFacts, writeFence, type LogPosition } from '../../../routing/routed-log.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, readRouted, verdict } from './flood.js';
import { RouterProcess } from './router-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute } from './routes.js';
import { freshStreams, inTurn, lastOfRouted, openWorld, type TestWorld } from './world.js';

/**
 * Sends the buffered events of a stopped writer: `count` events after `behind`. Returns the number
 * that were stored.
 */
async function leftovers(nc: NatsConnection, behind: number, count: number): Promise<number> {
  const inbox = newInbox(nc);
  let stored = 0;
  let answers = 0;
  const subscription = nc.subscribe(inbox, {
    callback: (_error, message) => {
      answers += 1;
      if (message.json<PubAck & { error?: unknown }>().error === undefined) stored += 1;
    },
  });
  for (let i = 0; i < count; i++) {
    const headers = headerBlock({ 'Nats-Expected-Last-Sequence': behind + i, 'Raw-Seq': 1 });
    nc.publish('events.LEFTOVER', '{}', { headers: new RawHeaders(headers), reply: inbox });
  }
  while (answers < count) await delay(5);
  subscription.unsubscribe();
  return stored;
}

async function end(nc: NatsConnection): Promise<LogPosition> {
  const last = await lastOfRouted(nc);
  return { sequence: last?.sequence ?? 0, rawSequence: last?.rawSequence ?? 0 };
}

describe('a writer that was stopped and wakes', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world.close();
  });

  it('stores none of 1,000 events in flight after a fence on an idle stream', async () => {
    const { nc } = world;
    const before = await end(nc);
    await writeFence(nc, before);
    expect(await leftovers(nc, before.sequence, MAX_UNCONFIRMED)).toBe(0);
  });

  it('would store events after a shorter fence', async () => {
    const { nc } = world;
    const before = await end(nc);
    await writeFence(nc, before, { length: 1 });
    expect(await leftovers(nc, before.sequence, 2)).toBe(1);
  });

  it('is refused in the middle of its leftovers: each event before the fence counts once', async () => {
    const { nc } = world;
    const before = await end(nc);
    const first = leftovers(nc, before.sequence, 10);
    const second = (async () => {
      for (;;) {
        try {
          return await writeFence(nc, await end(nc));
        } catch {
          // A leftover was stored first: the position is read again.
        }
      }
    })();
    const [stored, fence] = await Promise.all([first, second]);
    expect(await leftovers(nc, before.sequence + stored, MAX_UNCONFIRMED - stored)).toBe(0);
    expect((await streamFacts(nc, STREAMS.routed)).lastSequence).toBe(fence.sequence);
  });

  it('leaves an idle stream to the standby, and stores nothing after it', async () => {
    const { nc, servers } = world;
    await freshStreams(world);
    const writer = await RouterProcess.start(servers);
    const standby = await RouterProcess.start(servers);
    const flood = new Flood(nc);
    await flood.run(100, 5_000, inTurn);
    await drained(nc);
    writer.signal('SIGSTOP');
    await delay(2_500);
    await flood.run(1, 1_000, inTurn);
    await drained(nc);
    writer.signal('SIGCONT');
    await delay(500);
    await flood.run(100, 5_000, inTurn);
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    await Promise.all([writer.end('SIGTERM'), standby.end('SIGTERM')]);
  });

  it('has one switch point for each of 20 moves of a route, made while it was stopped', async () => {
    const { nc, servers, sql, redis } = world;
    await freshStreams(world);
    const router = await RouterProcess.start(servers);
    const flood = new Flood(nc);
    const place = (s: number): string => `sandbox.${sandbox(s)}.events.MOVED`;
    const flooding = flood.run(8_000, 2_000, () => ({
      guildId: guild(0),
      type: 'MOVED',
      allowed: [place(0), place(1)],
    }));
    for (let move = 1; move <= 20; move++) {
      await delay(60);
      router.signal('SIGSTOP');
      await setRoute(sql, redis, guild(0), sandbox(move % 2));
      await delay(40);
      router.signal('SIGCONT');
      await delay(60);
    }
    await flooding;
    await drained(nc);
    const moved = await readRouted(nc);
    const switches = moved.filter(({ subject }, i) => i > 0 && subject !== moved[i - 1]?.subject);
    expect(switches.length).toBeLessThanOrEqual(20);
    expect(switches.length).toBeGreaterThan(10);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    await router.end('SIGTERM');
  });

  it('was down for longer than any window, with nats-server restarted meanwhile: nothing is duplicated', async () => {
    const { nc, servers } = world;
    await freshStreams(world);
    await world.jsm.streams.update(STREAMS.routed, { duplicate_window: 100_000_000 });
    const router = await RouterProcess.start(servers);
    const flood = new Flood(nc);
    const flooding = flood.run(12_000, 12_000, inTurn);
    await delay(500);
    await router.end('SIGKILL');
    await flooding;
    await servers.nats.restart();
    await delay(1_500);
    const again = await RouterProcess.start(servers);
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    await again.end('SIGTERM');
  });
});

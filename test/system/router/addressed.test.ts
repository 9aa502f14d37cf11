/** Addressed events go to the sandbox that their subject names, or to the DLQ, and nowhere else. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { headers } from 'nats';
import { redisRoutes } from '../../../routing/route.js';
import { delay } from '../../../platform/deadline.js';
import { confirmRoutes } from '../../../routing/barrier.js';
import { addressedSubject } from '../../../routing/addressed.js';
import { check, NOTHING_WRONG, type StoredEvent, type Verdict } from './checker.js';
import { drained, Flood, numberOf, readRouted, type EventPlan } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { RouterProcess } from './router-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setAddressee, setRoute, tellRedis } from './routes.js';
import { INSTALLATION } from './servers.js';
import { freshStreams, openWorld, type TestWorld } from './world.js';

const TYPE = 'MESSAGE_CREATE';
const [RUNNING, OTHER, GONE, UNKNOWN] = [sandbox(21), sandbox(22), sandbox(23), sandbox(24)];
const addressedTo = (id: string): string => `for.${id}.${TYPE}`;
const placeOf = (id: string): string => `sandbox.${id}.events.${TYPE}`;

/**
 * In turn: an event to each of the four, from guilds of production and of other sandboxes, and two
 * events without address.
 */
function mixed(n: number): EventPlan {
  const guildId = guild(n % 20);
  const plans: readonly EventPlan[] = [
    { guildId, type: addressedTo(RUNNING), allowed: [placeOf(RUNNING)] },
    { guildId, type: addressedTo(OTHER), allowed: [placeOf(OTHER)] },
    { guildId, type: addressedTo(GONE), allowed: ['dlq.addressee'] },
    { guildId, type: addressedTo(UNKNOWN), allowed: ['dlq.addressee'] },
    { guildId: guild(1), type: TYPE, allowed: [placeOf(sandbox(1))] },
    { guildId: guild(15), type: TYPE, allowed: [`events.${TYPE}`] },
  ];
  return plans[n % plans.length]!;
}

let world: TestWorld;
let flood: Flood;
let router: TestRouter | undefined;

beforeAll(async () => {
  world = await openWorld();
  const { sql, redis } = world;
  for (const id of [RUNNING, OTHER, GONE]) await setAddressee(sql, redis, id, true);
  await setAddressee(sql, redis, GONE, false);
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

/** Ignores the two headers that the DLQ adds: the event itself is unchanged. */
async function verdict(): Promise<Verdict> {
  const stored = (await readRouted(world.nc)).map((event) => ({
    ...event,
    headers: event.headers.filter((line) => !line.startsWith('Dlq-')),
  }));
  return check(flood.events(), stored, numberOf);
}
async function storedOf(subject: string, payload: string): Promise<StoredEvent | undefined> {
  await world.nc.jetstream().publish(subject, payload);
  await drained(world.nc);
  return (await readRouted(world.nc)).at(-1);
}
const versionIs = (version: number) =>
  expect.poll(() => router?.router.status().routeVersion, { timeout: 15_000 }).toBe(version);

describe('an addressed event', () => {
  it('is stored once, in order, unchanged, for its sandbox only, whatever guild its payload names', async () => {
    router = await routerInProcess(world.servers);
    await flood.run(6_000, 6_000, mixed);
    await drained(world.nc);
    expect(flood.acknowledged).toBe(6_000);
    expect(await verdict()).toEqual(NOTHING_WRONG);
    const page = await router.router.metrics.registry.metrics();
    expect(page).toContain('sandbox_router_dlq_total{reason="addressee"} 2000');
    expect(page).toContain('sandbox_router_addressees 2');
  });

  it('keeps its promise while the writer of two routers is killed, three times', async () => {
    let writer = await RouterProcess.start(world.servers);
    let standby = await RouterProcess.start(world.servers);
    const running = flood.run(12_000, 5_000, mixed);
    for (let i = 0; i < 3; i++) {
      await delay(300 + 137 * i);
      await writer.end('SIGKILL');
      [writer, standby] = [standby, await RouterProcess.start(world.servers)];
    }
    await running;
    await drained(world.nc);
    await Promise.all([writer.end('SIGTERM'), standby.end('SIGTERM')]);
    expect(await verdict()).toEqual(NOTHING_WRONG);
  });

  it.each([
    ['no sandbox', 'events.raw.for'],
    ['no id', 'events.raw.for.my-fix.X'],
    ['an id in capitals', `events.raw.for.${RUNNING.toUpperCase()}.X`],
    ['an id and more', `events.raw.for.${RUNNING}x.X`],
    ['a type alone', 'commands.raw.for.INTERACTION_CREATE'],
    ['no type', `events.raw.for.${RUNNING}`],
    ['an address behind the address', `events.raw.for.for.${RUNNING}.X`],
    ['a subject of a sandbox', `events.raw.for.sandbox.${RUNNING}.events.X`],
  ])('whose subject has %s goes to the DLQ with that reason', async (_what, subject) => {
    router = await routerInProcess(world.servers);
    const stored = await storedOf(subject, JSON.stringify({ guild_id: guild(1) }));
    expect(stored?.subject).toBe('dlq.addressee');
    expect(stored?.headers.join('\n')).toMatch(/Dlq-Reason: the subject names/);
    expect(stored?.headers).toContain(`Dlq-Subject: ${subject}`);
  });

  it('goes to the DLQ if its type begins with raw, or if it is no JSON, like any other event', async () => {
    router = await routerInProcess(world.servers);
    const raw = await storedOf(addressedSubject('events', RUNNING, 'raw.X'), '{}');
    expect(raw?.subject).toBe('dlq.raw');
    const broken = await storedOf(addressedSubject('events', RUNNING, 'X'), '{"guild_id":');
    expect(broken?.subject).toBe('dlq.malformed');
    const good = await storedOf(addressedSubject('commands', RUNNING, 'X'), '{}');
    expect(good?.subject).toBe(`sandbox.${RUNNING}.commands.X`);
  });

  it('of READY belongs to its sandbox too: no addressed event reaches production', async () => {
    router = await routerInProcess(world.servers);
    const payload = JSON.stringify({ t: 'READY', op: 0, s: 1, d: { guild_id: guild(1) } });
    const stored = await storedOf(addressedSubject('events', RUNNING, 'READY'), payload);
    expect(stored?.subject).toBe(`sandbox.${RUNNING}.events.READY`);
  });

  it('gets no right from a header', async () => {
    router = await routerInProcess(world.servers);
    const own = headers();
    for (const name of ['Sandbox-Id', 'Sandbox-To', 'Raw-Copy', 'Addressee', 'For'])
      own.set(name, RUNNING);
    const js = world.nc.jetstream();
    await js.publish(addressedSubject('events', UNKNOWN, 'X'), '{}', { headers: own });
    await js.publish('events.raw.X', '{}', { headers: own });
    await drained(world.nc);
    const subjects = (await readRouted(world.nc)).map(({ subject }) => subject);
    expect(subjects).toEqual(['dlq.addressee', 'events.X']);
  });
});

describe('the set of addressees', () => {
  it('changes at a barrier: after its return no event is stored under an older set', async () => {
    const { nc, sql, redis } = world;
    const routers = [await RouterProcess.start(world.servers)];
    routers.push(await RouterProcess.start(world.servers));
    const flooded = (count: number): Promise<void> =>
      flood.run(count, 3_000, () => ({
        guildId: guild(1),
        type: addressedTo(UNKNOWN),
        allowed: ['dlq.addressee', placeOf(UNKNOWN)],
      }));
    const settled: { from: number; to: number; place: string }[] = [];
    for (let i = 0; i < 10; i++) {
      const active = i % 2 === 0;
      const flooding = flooded(400);
      const version = await setAddressee(sql, redis, UNKNOWN, active);
      await confirmRoutes(nc, version, { timeoutMs: 5_000 });
      const from = flood.published.length;
      await Promise.all([flooding, flooded(150)]);
      // Otherwise the next set may decide events of this one, and it is like the set before.
      await drained(nc);
      settled.push({
        from,
        to: flood.published.length,
        place: active ? placeOf(UNKNOWN) : 'dlq.addressee',
      });
    }
    await Promise.all(routers.map((one) => one.end('SIGTERM')));
    expect(await verdict()).toEqual(NOTHING_WRONG);
    const places = (await readRouted(nc)).map(({ subject }) => subject);
    let judged = 0;
    for (const { from, to, place } of settled)
      for (let n = from; n < to; n++, judged++) expect(places[n], `event ${n}`).toBe(place);
    expect(judged).toBeGreaterThan(1_000);
  });

  it('is known after Redis was flushed or restarted empty, and heals without a hint', async () => {
    router = await routerInProcess(world.servers);
    await world.redis.flushall();
    await versionIs(await setAddressee(world.sql, null, UNKNOWN, true));
    expect((await storedOf(`events.raw.${addressedTo(UNKNOWN)}`, '{}'))?.subject).toBe(
      placeOf(UNKNOWN),
    );
    await world.servers.redis.restart();
    await versionIs(await setAddressee(world.sql, null, UNKNOWN, false));
    expect((await storedOf(`events.raw.${addressedTo(UNKNOWN)}`, '{}'))?.subject).toBe(
      'dlq.addressee',
    );
    await router.stop();
    // The whole table, from Postgres only.
    router = await routerInProcess(world.servers);
    await flood.run(600, 3_000, mixed);
    await drained(world.nc);
    expect((await verdict()).misrouted).toEqual([]);
    expect((await verdict()).lost).toEqual([]);
  });

  it('goes back with a Postgres restored from a backup', async () => {
    router = await routerInProcess(world.servers);
    const { sql } = world;
    const version = await setAddressee(sql, world.redis, UNKNOWN, true);
    await versionIs(version);
    await sql`DELETE FROM sandbox_addressees WHERE sandbox_id = ${UNKNOWN}`;
    await sql`UPDATE sandbox_route_version SET version = ${version - 1}`;
    await world.redis.flushall();
    await versionIs(version - 1);
    await flood.run(600, 3_000, mixed);
    await drained(world.nc);
    expect(await verdict()).toEqual(NOTHING_WRONG);
  });

  it.each([
    ['another sandbox', (version: number) => `${version}:${OTHER}`],
    ['a guild’s place', (version: number) => `${version}:${guild(1)}`],
    ['everything', (version: number) => `${version}:>`],
  ])('ignores an entry of Redis that leads an address to %s', async (_what, entryAt) => {
    router = await routerInProcess(world.servers);
    const version = await setAddressee(world.sql, null, UNKNOWN, false);
    const text = entryAt(version);
    await tellRedis(world.redis, redisRoutes(INSTALLATION), { key: UNKNOWN, text, version });
    await versionIs(version);
    await flood.run(120, 3_000, mixed);
    await drained(world.nc);
    expect(await verdict()).toEqual(NOTHING_WRONG);
  });

  it('does not change the place of a guild’s events', async () => {
    router = await routerInProcess(world.servers);
    await versionIs(await setRoute(world.sql, world.redis, guild(30), RUNNING));
    const document = JSON.stringify({ guild_id: guild(30) });
    expect((await storedOf('events.raw.X', document))?.subject).toBe(`sandbox.${RUNNING}.events.X`);
    await versionIs(await setRoute(world.sql, world.redis, guild(30), null));
    expect((await storedOf('events.raw.X', document))?.subject).toBe('events.X');
    expect((await storedOf(`events.raw.${addressedTo(RUNNING)}`, document))?.subject).toBe(
      placeOf(RUNNING),
    );
  });
});

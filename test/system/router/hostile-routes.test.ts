/**
 * Routes in Redis are trusted only in the form that this product writes. Otherwise Postgres
 * decides.
 */
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRoute, redisRoutes, REDIS_ROUTES_CHANGED } from '../../../routing/route.js';
import { delay } from '../../../platform/deadline.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, verdict } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute, tellRedis } from './routes.js';
import { INSTALLATION } from './servers.js';
import { openWorld, type TestWorld } from './world.js';

const TYPE = 'MESSAGE_CREATE';
const G = guild(15);
const keys = redisRoutes(INSTALLATION);

/** `V` stands for the version. */
const ENTRIES: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['JSON', '{"sandboxId":"sb0000000009"'],
  ['no version', ':sb0000000009'],
  ['a version that is no number', 'NaN:sb0000000009'],
  ['a negative version', '-1:sb0000000009'],
  ['a version in another form', '1e3:sb0000000009'],
  ['a version beyond all numbers', '99999999999999999999:sb0000000009'],
  ['an old version', '1:sb0000000009'],
  ['every sandbox', 'V:*'],
  ['everything', 'V:>'],
  ['another subject', 'V:sb0000000009.events.x'],
  ['a space', 'V:sb0000000009 reply'],
  ['a line end', 'V:sb0000000009\r\nPUB events.FORGED 0\r\n'],
  ['a line end at the end', 'V:sb0000000009\n'],
  ['a name', 'V:my-sandbox'],
  ['capitals', 'V:SB0000000009'],
  ['bytes that are no text', 'V:\u0000\ufffd'],
];

describe('a hostile entry in Redis', () => {
  let world: TestWorld;
  let router: TestRouter;
  let flood: Flood;
  let turn = 0;

  beforeAll(async () => {
    world = await openWorld();
    router = await routerInProcess(world.servers);
    flood = new Flood(world.nc);
  });
  afterAll(async () => {
    await router.stop();
    await world.close();
  });

  /**
   * A new route of the guild in Postgres only: the sandbox, and the version for the false entry in
   * Redis.
   */
  async function moved(): Promise<{ place: string; version: number }> {
    turn += 1;
    const to = sandbox(1 + (turn % 8));
    const version = await setRoute(world.sql, null, G, to);
    return { place: `sandbox.${to}.events.${TYPE}`, version };
  }

  async function expectRouted(place: string, version: number): Promise<void> {
    await expect.poll(() => router.router.status().routeVersion, { timeout: 15_000 }).toBe(version);
    for (let n = 0; n < 5; n++) flood.publish({ guildId: G, type: TYPE, allowed: [place] });
    const free = { guildId: guild(16), type: TYPE, allowed: [`events.${TYPE}`] };
    flood.publish(free);
    await flood.quiet();
    await drained(world.nc);
    expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
    expect(router.router.ready()).toBe(true);
  }

  it.each(ENTRIES)('of %s is refused: Postgres decides', async (_what, entry) => {
    const { place, version } = await moved();
    const text = entry.replace('V', String(version));
    await tellRedis(world.redis, keys, { key: G, text, version });
    await expectRouted(place, version);
  });

  it.each(['*', '>', '', '__proto__', '1 2', `${G}\r\n`, '0'.repeat(18), '9'.repeat(20)])(
    'for the guild %j is refused',
    async (guildId) => {
      const { place, version } = await moved();
      const text = `${version}:${sandbox(9)}`;
      await tellRedis(world.redis, keys, { key: guildId, text, version });
      await expectRouted(place, version);
      await world.redis.hdel(keys.map, guildId);
      await world.redis.zrem(keys.changes, guildId);
    },
  );

  it.each(['version', 'map', 'changes'] as const)(
    'with a key of another type for the %s: Postgres decides',
    async (name) => {
      const { place, version } = await moved();
      await world.redis.set(keys.version, version);
      await world.redis.del(keys[name]);
      await world.redis.lpush(keys[name], 'x');
      await world.redis.publish(REDIS_ROUTES_CHANGED, String(version));
      await expectRouted(place, version);
      await world.redis.del(keys[name]);
    },
  );

  it.each(['9999999999999999', '-5', '1e9', 'latest', ''])(
    'whose version is %j: Postgres decides',
    async (said) => {
      const { place, version } = await moved();
      await world.redis.set(keys.version, said);
      await world.redis.publish(REDIS_ROUTES_CHANGED, said);
      await expectRouted(place, version);
    },
  );

  it('moves no guild while Postgres is away: the last known route stays', async () => {
    const { place, version } = await moved();
    await expectRouted(place, version);
    await world.servers.postgres.end('SIGKILL');
    const next = version + 1;
    for (const [, entry] of ENTRIES.slice(8)) {
      await world.redis.del(keys.map, keys.changes, keys.version);
      const text = entry.replace('V', String(next));
      await tellRedis(world.redis, keys, { key: G, text, version: next });
      await delay(50);
    }
    // Longer than the time between two polls.
    await delay(600);
    await expectRouted(place, version);
    await world.servers.postgres.start();
  });

  it('is no route for the reader, whatever its form; our own entries are', () => {
    for (const [what, entry] of ENTRIES.filter(([what]) => what !== 'an old version'))
      expect(decodeRoute(G, entry.replace('V', '7')), what).toBe(null);
    const route = { key: G, version: 7, sandboxId: sandbox(3) };
    expect(decodeRoute(G, `7:${sandbox(3)}`)).toEqual(route);
    expect(decodeRoute(G, '7:')).toEqual({ ...route, sandboxId: null });
  });
});

describe('a hostile row in Postgres', () => {
  it('makes no subject: the routes stay, the log names it, and a corrected row is followed', async () => {
    const world = await openWorld();
    const lines: string[] = [];
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      lines.push(chunk.toString());
      done();
    };
    const router = await routerInProcess(world.servers, {
      log: pino({ level: 'warn' }, new Writable({ write })),
    });
    try {
      const flood = new Flood(world.nc);
      const next = async (place: string): Promise<void> => {
        flood.publish({ guildId: G, type: TYPE, allowed: [place] });
        await flood.quiet();
        await drained(world.nc);
        expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
      };
      await setRoute(world.sql, null, G, 'sb0000000009 reply' as never);
      await expect.poll(() => lines.join(''), { timeout: 15_000 }).toContain(G);
      await next(`events.${TYPE}`);
      const version = await setRoute(world.sql, null, G, sandbox(2));
      await expect
        .poll(() => router.router.status().routeVersion, { timeout: 15_000 })
        .toBe(version);
      await next(`sandbox.${sandbox(2)}.events.${TYPE}`);
    } finally {
      await router.stop();
      await world.close();
    }
  });
});

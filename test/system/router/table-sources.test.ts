/**
 * The route table with changed sources: a backup restored, rows gone, Redis away from the start.
 */
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { redisRoutes } from '../../../routing/route.js';
import { SYNC_SUBJECT } from '../../../routing/members.js';
import {
  changesInPostgres,
  changesInRedis,
  installationInPostgres,
  versionInPostgres,
} from '../../../router/routes/reader.js';
import { NOTHING_WRONG } from './checker.js';
import { Flood, drained, readRouted, verdict } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute } from './routes.js';
import { INSTALLATION } from './servers.js';
import { freshStreams, openWorld, type TestWorld } from './world.js';

let world: TestWorld;
let router: TestRouter | undefined;
let lines: string[];
beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await router?.stop();
  router = undefined;
  await freshStreams(world);
});
afterAll(() => world.close());

async function started(): Promise<TestRouter> {
  lines = [];
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    lines.push(chunk.toString());
    done();
  };
  router = await routerInProcess(world.servers, {
    log: pino({ level: 'warn' }, new Writable({ write })),
  });
  return router;
}
const versionIs = (version: number) =>
  expect.poll(() => router?.router.status().routeVersion, { timeout: 15_000 }).toBe(version);
async function placeOf(guildId: string): Promise<string | undefined> {
  const flood = new Flood(world.nc);
  flood.publish({ guildId, type: 'X', allowed: [] });
  await flood.quiet();
  await drained(world.nc);
  return (await readRouted(world.nc)).at(-1)?.subject;
}

it('a Postgres restored from a backup is followed back, and its newer routes are dropped', async () => {
  const [kept, late] = [guild(1), guild(40)];
  await started();
  const version = await setRoute(world.sql, world.redis, late, sandbox(4));
  await versionIs(version);
  expect(await placeOf(late)).toBe(`sandbox.${sandbox(4)}.events.X`);
  await world.sql`DELETE FROM sandbox_routes WHERE guild_id = ${late}`;
  await world.sql`UPDATE sandbox_route_version SET version = ${version - 1}`;
  await world.redis.flushall();
  await versionIs(version - 1);
  expect(await placeOf(late)).toBe('events.X');
  expect(await placeOf(kept)).toBe(`sandbox.${sandbox(1)}.events.X`);
  expect(lines.join('')).toContain('the route version went back');
});

it('the old table is used while a restored one is loaded, and no sandbox’s event goes to production', async () => {
  await started();
  const { sql } = world;
  const version = await setRoute(sql, world.redis, guild(43), sandbox(4));
  await versionIs(version);
  const flood = new Flood(world.nc);
  // A table of a million takes seconds to load. Here a lock delays it.
  await sql.begin(async (tx) => {
    await tx`LOCK TABLE sandbox_routes IN ACCESS EXCLUSIVE MODE`;
    await sql`UPDATE sandbox_route_version SET version = ${version - 1}`;
    await expect.poll(() => lines.join(''), { timeout: 15_000 }).toContain('version went back');
    for (let n = 0; n < 50; n++) {
      const allowed = [`sandbox.${sandbox(1)}.events.X`];
      flood.publish({ guildId: guild(1), type: 'X', allowed });
    }
    await flood.quiet();
    await drained(world.nc);
  });
  await versionIs(version - 1);
  expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
});

it('a router that starts without Redis routes by Postgres, and uses Redis when it is back', async () => {
  await world.servers.redis.end();
  await started();
  const version = await setRoute(world.sql, null, guild(41), sandbox(5));
  await versionIs(version);
  expect(await placeOf(guild(41))).toBe(`sandbox.${sandbox(5)}.events.X`);
  expect(lines.filter((line) => line.includes('Redis is out of reach'))).toHaveLength(1);
  await world.servers.redis.start();
  const next = await setRoute(world.sql, world.redis, guild(41), null);
  await versionIs(next);
  expect(await placeOf(guild(41))).toBe('events.X');
});

describe('an incomplete table', () => {
  it.each([
    ['sandbox_route_version', (): Promise<unknown> => versionInPostgres(world.sql)],
    ['sandbox_route_version', (): Promise<unknown> => changesInPostgres(world.sql, 0)],
    ['sandbox_installation', (): Promise<unknown> => installationInPostgres(world.sql)],
  ] as const)('%s without its row is an error, not an empty table', async (name, read) => {
    const rows = await world.sql.unsafe(`DELETE FROM ${name} RETURNING *`);
    try {
      await expect(read()).rejects.toThrow(`${name} has no row`);
    } finally {
      await world.sql`INSERT INTO ${world.sql(name)} ${world.sql(rows)}`;
    }
    await read();
  });

  it('in Redis, with a listed guild but no entry for it, is ignored', async () => {
    const keys = redisRoutes(INSTALLATION);
    const version = await versionInPostgres(world.sql);
    await world.redis.set(keys.version, version + 1);
    await world.redis.zadd(keys.changes, version + 1, guild(42));
    expect(await changesInRedis(world.redis, INSTALLATION, version)).toBeNull();
    await world.redis.zrem(keys.changes, guild(42));
  });
});

it('an invalid question to the barrier gets no answer, and the router answers the next one', async () => {
  await started();
  const ask = (question: string, timeout = 2_000): Promise<string> =>
    world.nc.request(SYNC_SUBJECT, question, { timeout }).then(
      (answer) => answer.string(),
      (error: unknown) => (error as { code: string }).code,
    );
  world.nc.publish(SYNC_SUBJECT, '{"version":0}');
  for (const question of ['', 'nonsense', '{}', '{"version":"1"}', '{"version":1.5}', '[]'])
    expect(await ask(question, 300), question).toBe('TIMEOUT');
  expect(JSON.parse(await ask('{"version":0}'))).toMatchObject({ role: 'writer' });
  expect(JSON.parse(await ask('{"version":99999}'))).toMatchObject({
    error: expect.stringContaining('the route table is at') as string,
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import type { NatsConnection } from 'nats';
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { memberShape, routerBucket } from '../../../routing/router-bucket.js';
import { confirmRoutes, purgeLeftovers } from '../../../routing/barrier.js';
import { check, NOTHING_WRONG } from './checker.js';
import { describeTimes, flipsOr, flipUnderLoad, judge } from './flips.js';
import { drained, Flood, numberOf, readRouted } from './flood.js';
import { routerInProcess } from './in-process.js';
import { RouterProcess } from './router-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute } from './routes.js';
import { startServers, type Servers } from './servers.js';

const FLIPS = flipsOr(100);

describe('the barrier', () => {
  let servers: Servers;
  let nc: NatsConnection;
  let sql: Sql;
  let redis: Redis;

  beforeAll(async () => {
    servers = await startServers();
    nc = await openNats(servers.natsUrl, 'worker in test');
    sql = openPostgres(servers.databaseUrl, { name: 'test', max: 2 });
    redis = new Redis(servers.redisUrl);
  });
  afterAll(async () => {
    redis.disconnect();
    await closePostgres(sql);
    await closeNats(nc);
    await servers.close();
  });

  it('returns at once if no router is alive', async () => {
    const version = await setRoute(sql, redis, guild(1), sandbox(1));
    const began = performance.now();
    await confirmRoutes(nc, version, { timeoutMs: 10_000 });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it(
    `lets no event pass under an older version, in ${FLIPS} flips under load`,
    async () => {
      const a = await RouterProcess.start(servers);
      const b = await RouterProcess.start(servers);
      const flood = new Flood(nc);
      const run = await flipUnderLoad({
        nc,
        flood,
        flips: FLIPS,
        guildId: guild(7),
        type: 'MESSAGE_CREATE',
        sandboxId: sandbox(7),
        change: async (registered) => {
          const version = await setRoute(sql, redis, guild(7), registered ? sandbox(7) : null);
          await confirmRoutes(nc, version, { timeoutMs: 3_000 });
        },
      });
      await flood.quiet();
      await drained(nc);
      const stored = await readRouted(nc);
      expect(check(flood.events(), stored, numberOf)).toEqual(NOTHING_WRONG);
      const { judged, misplaced } = judge(stored, run.settled);
      expect(misplaced).toEqual([]);
      expect(judged).toBeGreaterThan(2 * FLIPS);
      console.info(`barrier under load, ${describeTimes(run.times)}; ${judged} events judged`);
      await Promise.all([a.end('SIGTERM'), b.end('SIGTERM')]);
    },
    60_000 + FLIPS * 400,
  );

  it('takes about 10 ms on an idle router', async () => {
    const router = await routerInProcess(servers);
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const version = await setRoute(sql, redis, guild(8), i % 2 === 0 ? sandbox(8) : null);
      const began = performance.now();
      await confirmRoutes(nc, version, { timeoutMs: 10_000 });
      times.push(performance.now() - began);
      await delay(20);
    }
    times.sort((x, y) => x - y);
    console.info(`barrier idle: p50 ${times[10]?.toFixed(1)} ms, max ${times[19]?.toFixed(1)} ms`);
    expect(times[10]).toBeLessThan(1_000);
    await router.stop();
  });

  it('names a live router that cannot reach the version', async () => {
    const router = await routerInProcess(servers);
    await expect(confirmRoutes(nc, 1_000_000, { timeoutMs: 600 })).rejects.toMatchObject({
      code: 'SANDBOX_009',
      message: expect.stringContaining('test-') as string,
    });
    await router.stop();
  });

  it('removes a dead router and its key after a fence', async () => {
    const router = await RouterProcess.start(servers);
    await router.end('SIGKILL');
    const version = await setRoute(sql, redis, guild(9), sandbox(9));
    const before = (await streamFacts(nc, STREAMS.routed)).lastSequence;
    const began = performance.now();
    await confirmRoutes(nc, version, { timeoutMs: 10_000 });
    expect(performance.now() - began).toBeLessThan(8_000);
    expect((await streamFacts(nc, STREAMS.routed)).lastSequence).toBe(before + 1_000);
    const { keys } = await routerBucket(nc).keys('member.');
    const entries = await Promise.all(keys.map((key) => routerBucket(nc).read(key, memberShape)));
    expect(entries.filter(({ value }) => value !== null)).toEqual([]);
  });

  it('removes a stopped router when its lease ends; its leftovers are refused when it wakes', async () => {
    const router = await RouterProcess.start(servers);
    await delay(200);
    router.signal('SIGSTOP');
    const version = await setRoute(sql, redis, guild(9), null);
    await confirmRoutes(nc, version, { timeoutMs: 10_000 });
    router.signal('SIGCONT');
    await nc.jetstream().publish('events.raw.X', JSON.stringify({ guild_id: guild(9) }));
    await drained(nc);
    const last = (await readRouted(nc)).at(-1);
    expect(last?.subject).toBe('events.X');
    await router.end('SIGTERM');
  });

  it('purges a sandbox’s leftovers, and the router continues', async () => {
    const router = await routerInProcess(servers);
    const version = await setRoute(sql, redis, guild(5), sandbox(5));
    await confirmRoutes(nc, version, { timeoutMs: 10_000 });
    const one = (): Promise<unknown> =>
      nc.jetstream().publish('events.raw.X', JSON.stringify({ guild_id: guild(5) }));
    await one();
    await drained(nc);
    await confirmRoutes(nc, await setRoute(sql, redis, guild(5), null), { timeoutMs: 1_000 });
    await purgeLeftovers(nc, sandbox(5));
    await one();
    await drained(nc);
    const mine = (await readRouted(nc)).filter(
      ({ subject }) => subject.includes(sandbox(5)) || subject === 'events.X',
    );
    expect(mine.at(-1)?.subject).toBe('events.X');
    expect(mine.some(({ subject }) => subject.startsWith('sandbox.'))).toBe(false);
    await router.stop();
  });
});

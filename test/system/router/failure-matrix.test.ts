import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import type { NatsConnection } from 'nats';
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, verdict, type EventPlan } from './flood.js';
import { RouterProcess } from './router-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute } from './routes.js';
import { startServers, type Servers } from './servers.js';

const plan = (n: number): EventPlan => {
  const g = n % 20;
  return {
    guildId: guild(g),
    type: 'MESSAGE_CREATE',
    allowed: [g < 10 ? `sandbox.${sandbox(g)}.events.MESSAGE_CREATE` : 'events.MESSAGE_CREATE'],
  };
};

describe('nothing is lost, duplicated, reordered, misrouted or altered', () => {
  let servers: Servers;
  let nc: NatsConnection;
  let sql: Sql;
  let redis: Redis;
  let flood: Flood;

  beforeAll(async () => {
    servers = await startServers();
    nc = await openNats(servers.natsUrl, 'test');
    sql = openPostgres(servers.databaseUrl, { name: 'test', max: 2 });
    redis = new Redis(servers.redisUrl);
    // The test kills them on purpose.
    redis.on('error', () => undefined);
    for (let i = 0; i < 10; i++) await setRoute(sql, redis, guild(i), sandbox(i));
    flood = new Flood(nc);
  });
  afterAll(async () => {
    redis.disconnect();
    await closePostgres(sql);
    await closeNats(nc);
    await servers.close();
  });

  it('when the router is killed in mid-flood, three times', async () => {
    let router = await RouterProcess.start(servers);
    const running = flood.run(16_000, 8_000, plan);
    for (let i = 0; i < 3; i++) {
      await delay(300 + 137 * i);
      await router.end('SIGKILL');
      router = await RouterProcess.start(servers);
    }
    await running;
    await drained(nc);
    expect(await router.end('SIGTERM')).toBe(0);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('when nats-server is killed in mid-flood, twice', async () => {
    const router = await RouterProcess.start(servers);
    const running = flood.run(12_000, 8_000, plan);
    for (let i = 0; i < 2; i++) {
      await delay(400);
      await servers.nats.restart();
    }
    await running;
    await delay(500);
    await drained(nc);
    await router.end('SIGTERM');
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('when the writer of two routers is killed: the other takes over', async () => {
    const writer = await RouterProcess.start(servers);
    const standby = await RouterProcess.start(servers);
    const running = flood.run(16_000, 4_000, plan);
    await delay(1_000);
    await writer.end('SIGKILL');
    const before = await confirmedEnd(nc);
    const killedAt = Date.now();
    await expect
      .poll(() => confirmedEnd(nc), { timeout: 15_000, interval: 10 })
      .toBeGreaterThan(before);
    const millis = Date.now() - killedAt;
    // The promise is 2 s, on a machine that is not busy.
    console.info(`takeover: ${millis} ms`);
    expect(millis).toBeLessThan(8_000);
    await running;
    await drained(nc);
    await standby.end('SIGTERM');
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('when the writer is only stopped, replaced, and wakes', async () => {
    const writer = await RouterProcess.start(servers);
    const standby = await RouterProcess.start(servers);
    const running = flood.run(16_000, 4_000, plan);
    for (let i = 0; i < 2; i++) {
      await delay(700);
      writer.signal('SIGSTOP');
      await delay(1_500);
      writer.signal('SIGCONT');
    }
    await running;
    await drained(nc);
    await Promise.all([writer.end('SIGTERM'), standby.end('SIGTERM')]);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('when Redis and Postgres are killed in mid-flood', async () => {
    const router = await RouterProcess.start(servers);
    const running = flood.run(12_000, 6_000, plan);
    await delay(300);
    await Promise.all([servers.redis.end(), servers.postgres.end()]);
    await delay(1_000);
    await Promise.all([servers.redis.start(), servers.postgres.start()]);
    await running;
    await drained(nc);
    await router.end('SIGTERM');
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });
});

async function confirmedEnd(nc: NatsConnection): Promise<number> {
  return (await streamFacts(nc, STREAMS.routed)).lastSequence;
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { headers, type NatsConnection } from 'nats';
import { openNats, closeNats } from '../../../platform/nats.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, readRouted, verdict } from './flood.js';
import { routerInProcess, type TestRouter } from './in-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute } from './routes.js';
import { startServers, type Servers } from './servers.js';

describe('a router', () => {
  let servers: Servers;
  let nc: NatsConnection;
  let sql: Sql;
  let redis: Redis;
  let router: TestRouter;

  beforeAll(async () => {
    servers = await startServers();
    nc = await openNats(servers.natsUrl, 'test');
    sql = openPostgres(servers.databaseUrl, { name: 'test', max: 2 });
    redis = new Redis(servers.redisUrl);
    for (let i = 0; i < 5; i++) await setRoute(sql, redis, guild(i), sandbox(i));
    router = await routerInProcess(servers);
  });
  afterAll(async () => {
    await router.stop();
    redis.disconnect();
    await closePostgres(sql);
    await closeNats(nc);
    await servers.close();
  });

  it('stores every event once, at its destination, in order, unchanged', async () => {
    const flood = new Flood(nc);
    await flood.run(20_000, 20_000, (n) => {
      const g = n % 10;
      const type = n % 3 === 0 ? 'guild.join' : 'MESSAGE_CREATE';
      const place = g < 5 ? `sandbox.${sandbox(g)}.events.${type}` : `events.${type}`;
      return { guildId: guild(g), type, allowed: [place] };
    });
    await drained(nc);
    expect(flood.acknowledged).toBe(20_000);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
  });

  it('sends commands after their guild, and Nats-* headers under another name', async () => {
    const js = nc.jetstream();
    const own = headers();
    own.append('Nats-Msg-Id', 'evil');
    own.append('Raw-Seq', '999999');
    own.append('X-Own', 'kept');
    const payload = JSON.stringify({ guild_id: guild(1), data: {} });
    await js.publish('commands.raw.interaction', payload);
    await drained(nc);
    const before = await readRouted(nc);
    expect(before.at(-1)?.subject).toBe(`sandbox.${sandbox(1)}.commands.interaction`);
    await js.publish('events.raw.TYPING_START', payload, { headers: own });
    await drained(nc);
    const stored = (await readRouted(nc)).at(-1);
    expect(stored?.subject).toBe(`sandbox.${sandbox(1)}.events.TYPING_START`);
    expect(stored?.headers).toEqual([
      'Sandbox-Origin-Nats-Msg-Id: evil',
      'Sandbox-Origin-Raw-Seq: 999999',
      'X-Own: kept',
    ]);
  });

  it('puts events that it cannot route into the DLQ, between untouched neighbours', async () => {
    const js = nc.jetstream();
    const count = (await readRouted(nc)).length;
    const good = JSON.stringify({ guild_id: guild(2) });
    await js.publish('events.raw.A', good);
    await js.publish('events.raw.A', '{"guild_id":');
    await js.publish('events.raw.A', '');
    await js.publish('events.raw.A', '[1]');
    await js.publish('events.raw.raw.A', good);
    await js.publish('events.raw.nobody.covers.this', '{}');
    await js.publish(`events.raw.${'y'.repeat(3_830)}`, good);
    await js.publish('events.raw.B', good);
    await drained(nc);
    const stored = (await readRouted(nc)).slice(count);
    expect(stored.map(({ subject }) => subject)).toEqual([
      `sandbox.${sandbox(2)}.events.A`,
      'dlq.malformed',
      'dlq.malformed',
      'dlq.malformed',
      'dlq.raw',
      'dlq.uncovered',
      'dlq.oversize',
      `sandbox.${sandbox(2)}.events.B`,
    ]);
    expect(stored[1]?.headers.join('\n')).toMatch(
      /Dlq-Reason: not JSON[^\n]*\nDlq-Subject: events.raw.A/,
    );
    expect(Buffer.from(stored[1]?.payload ?? []).toString()).toBe('{"guild_id":');
    // The DLQ stream sources them.
    const jsm = await nc.jetstreamManager();
    await expect.poll(async () => (await jsm.streams.info('DLQ')).state.messages).toBe(6);
  });

  it('sends READY, DMs, and events that only mention a guild to production', async () => {
    const js = nc.jetstream();
    const count = (await readRouted(nc)).length;
    const payloads = [
      { t: 'READY', d: { guild_id: guild(1) } },
      { t: 'MESSAGE_CREATE', d: { content: `"guild_id":"${guild(1)}"` } },
      { t: 'MESSAGE_CREATE', d: { message_reference: { guild_id: guild(1) } } },
      { guild_id: Number(guild(1)) },
      { t: 'GUILD_CREATE', d: { id: guild(3) } },
    ];
    for (const payload of payloads) await js.publish('events.raw.X', JSON.stringify(payload));
    await js
      .publish('events.raw.user.update', JSON.stringify({ guild_id: guild(1) }))
      .catch(() => undefined);
    await drained(nc);
    const subjects = (await readRouted(nc)).slice(count).map(({ subject }) => subject);
    expect(subjects).toEqual([
      'events.X',
      'events.X',
      'events.X',
      'events.X',
      `sandbox.${sandbox(3)}.events.X`,
      'dlq.uncovered',
    ]);
  });

  it('shows its metrics', async () => {
    const text =
      (await router.router.metrics.registry.metrics()) + router.router.metrics.duration.text();
    expect(text).toMatch(/sandbox_router_dlq_total\{reason="malformed"\} 3/);
    expect(text).toMatch(
      /sandbox_event_route_duration_seconds_count\{sandbox_id="sb0000000001"\} [1-9]/,
    );
    expect(text).toMatch(/sandbox_router_paused 0/);
    expect(text).toMatch(/sandbox_router_writer 1/);
  });
});

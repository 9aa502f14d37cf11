/**
 * The servers of one test file. Ten guilds are mapped to ten sandboxes, ten belong to production.
 */
import { Redis } from 'ioredis';
import type { JetStreamManager, NatsConnection } from 'nats';
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { readLogEntry, streamFacts, type LogEntry } from '../../../routing/routed-log.js';
import type { EventPlan } from './flood.js';
import { guild, sandbox } from '../../support/ids.js';
import { setRoute } from './routes.js';
import { startServers, type Servers } from './servers.js';

export interface TestWorld {
  readonly servers: Servers;
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly sql: Sql;
  readonly redis: Redis;
  close(): Promise<void>;
}

export async function openWorld(): Promise<TestWorld> {
  const servers = await startServers();
  const nc = await openNats(servers.natsUrl, 'test');
  const sql = openPostgres(servers.databaseUrl, { name: 'test', max: 2 });
  const redis = new Redis(servers.redisUrl);
  // The test kills it on purpose.
  redis.on('error', () => undefined);
  for (let i = 0; i < 10; i++) await setRoute(sql, redis, guild(i), sandbox(i));
  return {
    servers,
    nc,
    jsm: await nc.jetstreamManager(),
    sql,
    redis,
    async close() {
      redis.disconnect();
      await closePostgres(sql);
      await closeNats(nc);
      await servers.close();
    },
  };
}

/** Twenty guilds in turn, each with its one place. */
export function inTurn(n: number): EventPlan {
  const g = n % 20;
  return {
    guildId: guild(g),
    type: 'MESSAGE_CREATE',
    allowed: [g < 10 ? `sandbox.${sandbox(g)}.events.MESSAGE_CREATE` : 'events.MESSAGE_CREATE'],
  };
}

export async function lastOfRouted(nc: NatsConnection): Promise<LogEntry | null> {
  const { lastSequence } = await streamFacts(nc, STREAMS.routed);
  return lastSequence === 0 ? null : readLogEntry(nc, STREAMS.routed, { seq: lastSequence });
}

/** Streams and bucket as on the first day: a purge alone would keep the old sequences. */
export async function freshStreams({ jsm }: TestWorld): Promise<void> {
  for (const name of ['DLQ', STREAMS.routed, STREAMS.raw, 'KV_ROUTERS']) {
    const { config } = await jsm.streams.info(name);
    for (let last = -1; last !== 0;) {
      await jsm.streams.delete(name).catch(() => undefined);
      // nats-server 2.15.1: messages from a moment before may appear in the new stream, or make it
      // fail (8 of 60 times).
      if (last > 0) await delay(20);
      last = await jsm.streams.add(config).then(
        () => jsm.streams.info(name).then(({ state }) => state.last_seq),
        () => 1,
      );
    }
  }
}

/** One run of one shape, in a process of its own: `bare <max_messages> <events>` or `ours <form> <events>`. */
import { once } from 'node:events';
import { AckPolicy, connect, DeliverPolicy, type NatsConnection } from 'nats';
import pino from 'pino';
import { DEFAULT_PRODUCTION_SUBJECTS, routedSubjects, STREAMS } from '../../domain/routing.js';
import { delay } from '../../platform/deadline.js';
import { openPostgres } from '../../platform/postgres.js';
import { streamFacts } from '../../platform/routed-log.js';
import { startRouter } from '../../router/router.js';
import type { RunMessage } from './shapes.js';

const [shape = '', setting = '', count = ''] = process.argv.slice(2);
const events = Number(count);
const url = process.env.NATS_URL ?? '';

/** Done when this many messages are stored; asked for seldom, so that asking costs nothing. */
async function storedAtLeast(nc: NatsConnection, sequence: number): Promise<void> {
  while ((await streamFacts(nc, STREAMS.routed)).lastSequence < sequence) await delay(10);
}

async function bare(nc: NatsConnection): Promise<void> {
  const jsm = await nc.jetstreamManager();
  const info = await jsm.consumers.add(STREAMS.raw, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    inactive_threshold: 60_000_000_000,
  });
  const consumer = await nc.jetstream().consumers.get(STREAMS.raw, info.name);
  let copied = 0;
  const messages = await consumer.consume({
    max_messages: Number(setting),
    callback: (message) => {
      nc.publish('events.MESSAGE_CREATE', message.data);
      copied += 1;
    },
  });
  while (copied < events) await delay(5);
  await storedAtLeast(nc, events);
  await messages.close();
}

/** The start (table, election, fence: some 0.2 s) is no part of the rate. */
async function ours(nc: NatsConnection): Promise<void> {
  const router = await startRouter({
    routerId: `bench-${process.pid}`,
    nc,
    natsUrl: url,
    form: setting === 'plain' ? 'plain' : 'fast',
    sql: openPostgres(process.env.DATABASE_URL ?? '', { name: 'bench', max: 1 }),
    redisUrl: process.env.REDIS_URL ?? '',
    streams: STREAMS,
    routedSubjects: routedSubjects(DEFAULT_PRODUCTION_SUBJECTS),
    staleMs: 60_000,
    log: pino({ level: 'warn' }),
  });
  while (!router.ready()) await delay(1);
  begin();
  const observer = await connect({ servers: url });
  // The term's fence takes the first thousand sequences.
  await storedAtLeast(observer, events + 1_000);
  await observer.close();
  await router.stop();
}

const nc = await connect({ servers: url });
process.send?.('ready');
await once(process, 'message');
let cpu = process.cpuUsage();
let began = performance.now();
const begin = (): void => {
  cpu = process.cpuUsage();
  began = performance.now();
};
await (shape === 'bare' ? bare(nc) : ours(nc));
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const result: RunMessage = {
  seconds,
  cpuMicros: user + system,
  rssMiB: process.memoryUsage.rss() / 1_048_576,
};
process.send?.(result);
await once(process, 'message');
process.exit(0);

/**
 * Added latency: from an event's arrival at a subscriber of the raw subject to the routed event's
 * arrival at a consumer of `ROUTED`. Router, server and this process share the cores.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { AckPolicy, connect, DeliverPolicy } from 'nats';
import { STREAMS } from '../../routing/subjects.js';
import { type RouterForm } from '../../domain/routing-settings.js';
import { delay } from '../../platform/deadline.js';
import { guild } from '../../test/support/ids.js';
import type { BenchServers } from './bench-servers.js';

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly rssMiB: number;
}

const SECONDS = 4;
const WARM_UP_SECONDS = 1;
const FILLER = 'x'.repeat(620);

export async function addedLatency(
  servers: BenchServers,
  form: RouterForm,
  perSecond: number,
): Promise<Latency> {
  const child = fork(new URL('./latency-router.js', import.meta.url), [form], {
    env: {
      ...process.env,
      NATS_URL: servers.natsUrl,
      REDIS_URL: servers.redisUrl,
      DATABASE_URL: servers.databaseUrl,
    },
  });
  await once(child, 'message');
  const [publisher, observer] = await Promise.all([
    connect({ servers: servers.natsUrl }),
    connect({ servers: servers.natsUrl }),
  ]);
  const count = perSecond * (SECONDS + WARM_UP_SECONDS);
  const raw = new Float64Array(count);
  const routed = new Float64Array(count);
  let arrived = 0;
  const numberIn = (data: Uint8Array): number =>
    Number(/"n":([0-9]+)/.exec(Buffer.from(data.subarray(0, 40)).toString('latin1'))?.[1] ?? -1);
  observer.subscribe('events.raw.>', {
    callback: (_error, { data }) => (raw[numberIn(data)] = performance.now()),
  });
  const jsm = await observer.jetstreamManager();
  const { name } = await jsm.consumers.add(STREAMS.routed, {
    deliver_policy: DeliverPolicy.New,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: 5_000_000_000,
  });
  const consumer = await observer.jetstream().consumers.get(STREAMS.routed, name);
  const messages = await consumer.consume({
    max_messages: 5_000,
    callback: ({ data }) => {
      const n = numberIn(data);
      if (n < 0) return;
      routed[n] = performance.now();
      arrived += 1;
    },
  });
  const began = performance.now();
  for (let n = 0; n < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - began) / 1_000) * perSecond));
    for (; n < due; n++) {
      const event = { n, guild_id: guild(n % 300), content: FILLER };
      publisher.publish('events.raw.MESSAGE_CREATE', JSON.stringify(event));
    }
    await delay(1);
  }
  for (let waited = 0; arrived < count && waited < 400; waited++) await delay(25);
  const added = Array.from(routed, (at, n) => at - (raw[n] ?? 0))
    .slice(perSecond * WARM_UP_SECONDS)
    .sort((a, b) => a - b);
  await messages.close();
  child.send('rss');
  const [rssMiB] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  await Promise.all([publisher.close(), observer.close()]);
  const at = (share: number): number => added[Math.floor(added.length * share)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), rssMiB };
}

/** One run of one shape, in a process of its own: `<shape> <max_messages or form> <events>`. */
import { once } from 'node:events';
import { AckPolicy, connect, DeliverPolicy, type NatsConnection } from 'nats';
import { carriedHeaders } from '../../domain/event-headers.js';
import { STREAMS } from '../../domain/routing.js';
import { delay } from '../../platform/deadline.js';
import { streamFacts } from '../../platform/routed-log.js';
import { Chain } from '../../router/chain.js';
import { openFastLink } from '../../router/fast-link.js';
import { Source } from '../../router/source.js';
import { startBenchRouter } from './bench-router.js';
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

/** What everybody writes first: one PubAck awaited for each event. */
async function awaited(nc: NatsConnection): Promise<void> {
  const jsm = await nc.jetstreamManager();
  const info = await jsm.consumers.add(STREAMS.raw, {
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
  });
  const js = nc.jetstream();
  const consumer = await js.consumers.get(STREAMS.raw, info.name);
  let copied = 0;
  const messages = await consumer.consume({ max_messages: 1_000 });
  for await (const message of messages) {
    await js.publish('events.MESSAGE_CREATE', message.data);
    message.ack();
    copied += 1;
    if (copied >= events) break;
  }
}

/** The server alone, taking what the fast form sends: headers, chain, a PubAck for each hundred. */
async function ingest(nc: NatsConnection): Promise<void> {
  const link = await openFastLink(nc, url, 'bench');
  begin();
  const payload = Buffer.alloc(755, 120);
  const headers = carriedHeaders(null);
  let sent = 0;
  await new Promise<void>((resolve, reject) => {
    const send = (): void => {
      while (sent < events && chain.unconfirmed < 960) {
        sent += 1;
        const subject = 'events.MESSAGE_CREATE';
        chain.send({ subject, headers, payload, rawSequence: sent, label: '' });
      }
      if (chain.confirmed.rawSequence >= events) resolve();
    };
    const behind = { sequence: 0, rawSequence: 0 };
    const chain = new Chain(link, behind, { onConfirmed: () => send(), onDoubt: reject });
    send();
  });
  link.close();
}

/** The server alone, giving what the router reads. */
async function consume(nc: NatsConnection): Promise<void> {
  const link = await openFastLink(nc, url, 'bench');
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    const source = new Source({
      nc,
      link,
      stream: STREAMS.raw,
      from: 1,
      maxPayload: 1_048_576,
      onDelivery: () => {
        seen += 1;
        if (seen % 500 === 0) source.request(1_000);
        if (seen === events) resolve();
      },
      onDoubt: reject,
    });
    source.start().then(() => {
      begin();
      source.request(1_000);
    }, reject);
  });
  link.close();
}

/** The start (table, election, fence: some 0.2 s) is no part of the rate. */
async function ours(nc: NatsConnection): Promise<void> {
  const router = await startBenchRouter(nc, url, setting === 'plain' ? 'plain' : 'fast');
  begin();
  const observer = await connect({ servers: url });
  // The term's fence takes the first thousand sequences.
  await storedAtLeast(observer, events + 1_000);
  await observer.close();
  await router.stop();
}

const SHAPES: Readonly<Record<string, (nc: NatsConnection) => Promise<void>>> = {
  bare,
  awaited,
  ingest,
  consume,
  ours,
};

const nc = await connect({ servers: url });
process.send?.('ready');
await once(process, 'message');
let cpu = process.cpuUsage();
let began = performance.now();
const begin = (): void => {
  cpu = process.cpuUsage();
  began = performance.now();
};
await SHAPES[shape]?.(nc);
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

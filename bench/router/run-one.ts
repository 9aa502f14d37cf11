/**
 * One run of one shape, in its own process: `<shape> <max_messages or form> <events> <uncounted>`.
 * The first events are not counted: they warm up the compiler, as in a router that runs for days.
 */
import { once } from 'node:events';
import { AckPolicy, connect, DeliverPolicy, type JsMsg, type NatsConnection } from 'nats';
import { remembering, subjectMatcher } from '../../routing/destination.js';
import { carriedHeaders } from '../../routing/event-headers.js';
import { classifyFast } from '../../discord/guild-scan.js';
import type { GuildId } from '../../domain/guild.js';
import type { SandboxId } from '../../domain/names.js';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../domain/routing-settings.js';
import { MAX_UNCONFIRMED } from '../../routing/members.js';
import { routedSubjects, STREAMS } from '../../routing/subjects.js';
import { delay } from '../../platform/deadline.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { streamFacts } from '../../routing/routed-log.js';
import { Chain } from '../../router/chain.js';
import { openFastLink } from '../../router/wire/fast-link.js';
import { Source } from '../../router/source.js';
import { startBenchRouter } from './bench-router.js';
import type { RunMessage } from './shapes.js';

const [shape = '', setting = '', count = '', uncounted = ''] = process.argv.slice(2);
const events = Number(count);
const warmUp = Number(uncounted);
const url = process.env.NATS_URL ?? '';

/** The number of stored events. Asked for rarely, so that the question costs nothing. */
async function storedAtLeast(nc: NatsConnection, sequence: number): Promise<number> {
  for (;;) {
    const { lastSequence } = await streamFacts(nc, STREAMS.routed);
    if (lastSequence >= sequence) return lastSequence;
    await delay(10);
  }
}

async function consumerOf(nc: NatsConnection, ackPolicy: AckPolicy) {
  const jsm = await nc.jetstreamManager();
  const { name } = await jsm.consumers.add(STREAMS.raw, {
    ack_policy: ackPolicy,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    inactive_threshold: 60_000_000_000,
  });
  return nc.jetstream().consumers.get(STREAMS.raw, name);
}

/** A message's destination, by the router's own scan and rules. */
async function destinations(): Promise<(message: JsMsg) => string> {
  const sql = openPostgres(process.env.DATABASE_URL ?? '', { name: 'bench', max: 1 });
  const rows = await sql<{ guild_id: GuildId; sandbox_id: SandboxId }[]>`
    SELECT guild_id, sandbox_id FROM sandbox_routes`;
  await closePostgres(sql);
  const table = new Map(rows.map((row) => [row.guild_id, row.sandbox_id]));
  const destinationOf = remembering({
    covers: subjectMatcher(routedSubjects(DEFAULT_PRODUCTION_SUBJECTS)),
    sandboxOf: (guildId: GuildId) => table.get(guildId),
    isAddressee: () => false,
  });
  return ({ subject, data }) => destinationOf(subject, classifyFast(data)).subject;
}

const toProduction = (): string => 'events.MESSAGE_CREATE';

/** `consume` with a callback, and a core publish of each message. */
async function copied(nc: NatsConnection, subjectOf: (message: JsMsg) => string): Promise<void> {
  const consumer = await consumerOf(nc, AckPolicy.None);
  let done = 0;
  const messages = await consumer.consume({
    max_messages: Number(setting),
    callback: (message) => {
      nc.publish(subjectOf(message), message.data);
      done += 1;
      if (done === warmUp) begin(warmUp);
    },
  });
  while (done < events) await delay(5);
  await storedAtLeast(nc, events);
  await messages.close();
}

const bare = (nc: NatsConnection): Promise<void> => copied(nc, toProduction);

const looking = async (nc: NatsConnection): Promise<void> => copied(nc, await destinations());

/** As in the client's documentation. */
async function iterated(nc: NatsConnection): Promise<void> {
  const subjectOf = await destinations();
  const consumer = await consumerOf(nc, AckPolicy.None);
  let done = 0;
  for await (const message of await consumer.consume({ max_messages: Number(setting) })) {
    nc.publish(subjectOf(message), message.data);
    done += 1;
    if (done === warmUp) begin(warmUp);
    if (done >= events) break;
  }
  await storedAtLeast(nc, events);
}

/** The common first version: one awaited PubAck per event. */
async function awaited(nc: NatsConnection): Promise<void> {
  const consumer = await consumerOf(nc, AckPolicy.Explicit);
  const js = nc.jetstream();
  let done = 0;
  for await (const message of await consumer.consume({ max_messages: 1_000 })) {
    await js.publish('events.MESSAGE_CREATE', message.data);
    message.ack();
    done += 1;
    if (done === warmUp) begin(warmUp);
    if (done >= events) break;
  }
}

/** The server alone: receives what the fast form sends (headers, chain, one PubAck per hundred). */
async function ingest(nc: NatsConnection): Promise<void> {
  const link = await openFastLink(nc, url, 'bench');
  const payload = Buffer.alloc(755, 120);
  const headers = carriedHeaders(null);
  let sent = 0;
  await new Promise<void>((resolve, reject) => {
    const send = (): void => {
      while (sent < events && chain.unconfirmed < 960) {
        sent += 1;
        if (sent === warmUp) begin(warmUp);
        const subject = 'events.MESSAGE_CREATE';
        chain.send({ subject, headers, payload, rawSequence: sent, label: '', dead: null });
      }
      if (chain.confirmed.rawSequence >= events) resolve();
    };
    const behind = { sequence: 0, rawSequence: 0 };
    const chain = new Chain(link, behind, { onConfirmed: () => send(), onDoubt: reject });
    send();
  });
  link.close();
}

/** The server alone: sends what the router reads. */
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
        if (seen === warmUp) begin(warmUp);
        if (seen % 500 === 0) source.request(1_000);
        if (seen === events) resolve();
      },
      onDoubt: reject,
    });
    source.start().then(() => {
      source.request(1_000);
    }, reject);
  });
  link.close();
}

async function ours(nc: NatsConnection): Promise<void> {
  const observer = await connect({ servers: url });
  const router = await startBenchRouter(nc, url, setting === 'plain' ? 'plain' : 'fast');
  begin((await storedAtLeast(observer, warmUp + FENCE)) - FENCE);
  await storedAtLeast(observer, events + FENCE);
  await observer.close();
  await router.stop();
}

/** The term's fence takes the first sequences. */
const FENCE = MAX_UNCONFIRMED;

const SHAPES: Readonly<Record<string, (nc: NatsConnection) => Promise<void>>> = {
  bare,
  looking,
  iterated,
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
let before = 0;
/** Counting starts here, after `done` events. */
function begin(done: number): void {
  process.send?.('begins');
  before = done;
  cpu = process.cpuUsage();
  began = performance.now();
}
await SHAPES[shape]?.(nc);
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const result: RunMessage = {
  events: events - before,
  seconds,
  cpuMicros: user + system,
  rssMiB: process.memoryUsage.rss() / 1_048_576,
};
process.send?.(result);
await once(process, 'message');
process.exit(0);

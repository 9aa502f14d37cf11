/** The compared shapes: the same RAW stream, each shape in its own process. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type NatsConnection } from 'nats';
import { STREAMS } from '../../routing/subjects.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { guild } from '../../test/support/ids.js';
import type { BenchServers } from './bench-servers.js';

export interface Sample {
  readonly perSecond: number;
  readonly nodeMicros: number;
  readonly serverMicros: number;
  readonly rssMiB: number;
}

export interface Shape {
  readonly name: string;
  /** The group of copies without guarantees. Ratios refer to the best of each group. */
  readonly baseline: 'bare' | 'looking' | null;
  run(servers: BenchServers, events: number): Promise<Sample>;
}

export interface RunMessage {
  /** Counted events. */
  readonly events: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly rssMiB: number;
}

const GUILDS = 300;

/** Fills RAW once, and maps a third of the guilds. */
export async function prepare(servers: BenchServers, events: number): Promise<void> {
  await mapped(servers, 100);
  const nc = await connect({ servers: servers.natsUrl });
  // A purged RAW begins after sequence 1. A router without a position takes that for a loss.
  await madeAnew(nc, STREAMS.raw);
  const filler = 'x'.repeat(620);
  for (let n = 0; n < events; n++) {
    const d = {
      id: String(n),
      guild_id: guild(n % GUILDS),
      channel_id: '1',
      content: filler,
      author: { id: '2' },
    };
    nc.publish(
      'events.raw.MESSAGE_CREATE',
      JSON.stringify({ t: 'MESSAGE_CREATE', s: n, op: 0, d }),
    );
    if (n % 500 === 499) await nc.flush();
  }
  await nc.flush();
  await nc.close();
}

/** Makes this many routes: every third guild of the events, then other guilds. */
export async function mapped(servers: BenchServers, routes: number): Promise<void> {
  const sql = openPostgres(servers.databaseUrl, { name: 'bench', max: 1 });
  await sql`TRUNCATE sandbox_routes`;
  await sql`
    INSERT INTO sandbox_routes
    SELECT (100000000000000000 + n * 3)::text, 'sb' || lpad((n % 1000)::text, 10, '0'), n + 1
    FROM generate_series(0::bigint, ${routes - 1}::bigint) AS n`;
  await sql`UPDATE sandbox_route_version SET version = version + ${routes + 1}`;
  await closePostgres(sql);
}

async function madeAnew(nc: NatsConnection, stream: string): Promise<void> {
  const jsm = await nc.jetstreamManager();
  const { config } = await jsm.streams.info(stream);
  await jsm.streams.delete(stream);
  await jsm.streams.add(config);
}

/** Every run begins at the first event, with an empty log and no position. */
async function emptied(nc: NatsConnection): Promise<void> {
  await madeAnew(nc, STREAMS.routed);
  await (await nc.jetstreamManager()).streams.purge('KV_ROUTERS');
}

/** The first fourth of a run is not counted. */
const WARM_UP = 0.25;

/**
 * The parent starts the child. The child reports when counting begins and when the last event is
 * stored.
 */
async function inChild(args: string[], servers: BenchServers, events: number): Promise<Sample> {
  const nc = await connect({ servers: servers.natsUrl });
  await emptied(nc);
  await nc.close();
  const counts = [String(events), String(Math.floor(events * WARM_UP))];
  const child = fork(new URL('./run-one.js', import.meta.url), [...args, ...counts], {
    env: {
      ...process.env,
      NATS_URL: servers.natsUrl,
      REDIS_URL: servers.redisUrl,
      DATABASE_URL: servers.databaseUrl,
    },
  });
  await once(child, 'message');
  let before = 0;
  const ended = new Promise<RunMessage>((resolve, reject) => {
    child.on('message', (message: RunMessage | 'begins') => {
      if (message === 'begins') before = servers.natsCpu();
      else resolve(message);
    });
    child.once('exit', () => {
      reject(new Error(`${args.join(' ')} ended without a result`));
    });
  });
  child.send('go');
  const result = await ended;
  const serverMicros = ((servers.natsCpu() - before) * 1e6) / result.events;
  const gone = once(child, 'exit');
  child.send('end');
  await gone;
  return {
    perSecond: result.events / result.seconds,
    nodeMicros: result.cpuMicros / result.events,
    serverMicros,
    rssMiB: result.rssMiB,
  };
}

/**
 * `consume` and a core publish of each message, without waiting: no order, no confirmation, no
 * guarantee.
 */
export function bareCopy(maxMessages: number): Shape {
  return {
    name: `bare copy, max_messages ${maxMessages}`,
    baseline: 'bare',
    run: (servers, events) => inChild(['bare', String(maxMessages)], servers, events),
  };
}

/** The same copy with the real work per event: the guild, its route, the subject. */
export function lookingCopy(maxMessages: number): Shape {
  return {
    name: `bare copy with lookup, max_messages ${maxMessages}`,
    baseline: 'looking',
    run: (servers, events) => inChild(['looking', String(maxMessages)], servers, events),
  };
}

/** `for await`, as in the client's documentation. */
export function iteratedCopy(maxMessages: number): Shape {
  return {
    name: `… with \`for await\`, max_messages ${maxMessages}`,
    baseline: 'looking',
    run: (servers, events) => inChild(['iterated', String(maxMessages)], servers, events),
  };
}

/** About 6,000 a second, so it gets a twentieth of the events. */
export const awaitedCopy: Shape = {
  name: 'PubAck awaited per event',
  baseline: null,
  run: (servers, events) => inChild(['awaited', ''], servers, Math.ceil(events / 20)),
};

export function serverAlone(what: 'ingest' | 'consume'): Shape {
  return {
    name: `server alone, ${what}`,
    baseline: null,
    run: (servers, events) => inChild([what, ''], servers, events),
  };
}

export function ours(form: 'plain' | 'fast', name = `router, ${form} form`): Shape {
  return {
    name,
    baseline: null,
    run: (servers, events) => inChild(['ours', form], servers, events),
  };
}

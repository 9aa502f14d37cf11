/** A whole router on given connections, for `main.ts` and for tests in their own process. */
import { Events, type NatsConnection } from 'nats';
import { remembering, subjectMatcher } from '../routing/destination.js';
import type { RouterForm } from '../domain/routing-settings.js';
import type { RouterMember } from '../routing/members.js';
import type { StreamPair } from '../routing/subjects.js';
import type { Logger } from '../platform/log.js';
import type { Sql } from '../platform/postgres.js';
import { routerBucket } from '../routing/router-bucket.js';
import { ConsumerWatch } from './watch/consumers.js';
import { Doubt } from './doubt.js';
import { Election } from './election.js';
import { Engine, type EngineState } from './engine.js';
import { openFastLink } from './wire/fast-link.js';
import type { Link } from './wire/link.js';
import { Membership } from './routes/membership.js';
import { RouterMetrics } from './metrics.js';
import { PlainLink } from './wire/plain-link.js';
import { PositionReader, type Positions } from './position/position.js';
import { RawWatch } from './watch/raw.js';
import { RouteLoader } from './routes/loader.js';
import { RouteTable } from './routes/table.js';
import { SyncResponder } from './routes/sync.js';
import { WriterTerm } from './writer-term.js';

export interface RouterOptions {
  readonly routerId: string;
  readonly nc: NatsConnection;
  /** The same server, for the fast form's own connection. */
  readonly natsUrl: string;
  readonly form: RouterForm;
  readonly sql: Sql;
  readonly redisUrl: string;
  readonly streams: StreamPair;
  /** The subjects of `ROUTED` (routing/subjects.ts). */
  readonly routedSubjects: readonly string[];
  readonly staleMs: number;
  /** The limit of nats-server (SANDBOX_MAX_CONTROL_LINE). */
  readonly maxControlLine: number;
  readonly positionEveryMs?: number;
  /** The pause between two looks at the consumers of `ROUTED`. */
  readonly consumersEveryMs?: number;
  readonly log: Logger;
  /** A test replaces parts by broken ones to check its own checker. */
  readonly parts?: Partial<RouterParts>;
}

export interface RouterParts {
  /** One for each term. */
  readonly openLink: () => Promise<Link>;
  readonly positions: Positions;
}

export interface RouterStatus {
  readonly state: EngineState;
  readonly reason: string;
  readonly routeVersion: number;
  readonly routeAgeSeconds: number;
  readonly lag: number;
}

export interface Router {
  readonly metrics: RouterMetrics;
  /** Writes the address of its metrics under its member key. */
  announce(metricsUrl: string): void;
  /** Routing, or ready to take over. */
  ready(): boolean;
  status(): RouterStatus;
  /** Confirms decided events, then leaves the barrier and the election. */
  stop(): Promise<void>;
}

export async function startRouter(options: RouterOptions): Promise<Router> {
  const { routerId, nc, sql, redisUrl, streams, routedSubjects, staleMs, log } = options;
  const { openLink = ownLink(options), positions } = options.parts ?? {};
  const metrics = new RouterMetrics();
  const bucket = routerBucket(nc);
  const table = new RouteTable();
  const loader = new RouteLoader({ table, sql, redisUrl, staleMs, log });
  let metricsUrl: string | null = null;
  const describe = (): RouterMember => ({
    routerId,
    role: engine.term === undefined ? 'standby' : 'writer',
    version: table.version,
    metrics: metricsUrl,
  });
  const membership = new Membership(bucket, describe, () => {
    log.warn('a barrier dropped this router: the route table is checked before the next event');
    engine.doubt(new Doubt('lease_lost', 'dropped by a barrier'));
  });
  const election = new Election(nc, bucket, routerId, () => {
    log.warn('another router is the writer now');
    engine.doubt(new Doubt('lease_lost', 'another router is the writer'));
  });
  const destinationOf = remembering({
    covers: subjectMatcher(routedSubjects),
    sandboxOf: table.sandboxOf,
    isAddressee: table.isAddressee,
  });
  const engine: Engine = new Engine({
    nc,
    bucket,
    streams,
    loader,
    membership,
    election,
    metrics,
    log,
    positions: positions ?? new PositionReader(nc, bucket, streams),
    ...(options.positionEveryMs === undefined ? {} : { positionEveryMs: options.positionEveryMs }),
    createTerm: async ({ position }) => {
      const link = await openLink();
      const limits = { maxPayload: link.maxPayload, maxControlLine: options.maxControlLine };
      return new WriterTerm(position, { nc, link, streams, destinationOf, limits, metrics, log });
    },
  });
  const { raw, consumers } = watches(options, engine);
  metrics.expose({
    ...gaugesOfEngine(engine),
    ...gaugesOfTable(table),
    routeAge: () => loader.age,
    lag: () => raw.lag,
    rawFill: () => raw.fill,
    consumersAtRisk: () => consumers.labels(),
  });

  void watchConnection(nc, engine, log);
  // In this order: a barrier that misses our key returns without us, so the table is loaded after
  // it (Engine.#trustRoutes).
  await membership.beat();
  membership.start();
  loader.start();
  const onAsked = (): void => election.asked();
  const responder = new SyncResponder({
    ...{ nc, bucket, routerId, table, loader, engine, onAsked },
  });
  engine.start();

  return {
    metrics,
    announce(url) {
      metricsUrl = url;
    },
    ready: () =>
      engine.state === 'routing' ||
      (engine.state === 'standby' && table.version >= 0 && !loader.stale),
    status: () => ({
      state: engine.state,
      reason: engine.reason,
      routeVersion: table.version,
      routeAgeSeconds: Math.round(loader.age * 10) / 10,
      lag: raw.lag,
    }),
    async stop() {
      await engine.stop();
      raw.close();
      consumers.close();
      responder.close();
      await membership.leave().catch(() => undefined);
      loader.close();
    },
  };
}

/** Watches beside the events: how far `RAW` is read, and the consumers of `ROUTED`. */
function watches({ nc, streams, log, consumersEveryMs }: RouterOptions, engine: Engine) {
  const raw = new RawWatch({
    nc,
    stream: streams.raw,
    confirmed: () => engine.confirmedRaw,
    log,
  });
  const consumers = new ConsumerWatch({
    nc,
    stream: streams.routed,
    writer: () => engine.term !== undefined,
    log,
    ...(consumersEveryMs === undefined ? {} : { everyMs: consumersEveryMs }),
  });
  return { raw, consumers };
}

const gaugesOfEngine = (engine: Engine) => ({
  inFlight: () => engine.term?.egress.unconfirmed ?? 0,
  paused: () => engine.state === 'paused',
  writer: () => engine.term !== undefined,
  confirmedRaw: () => engine.confirmedRaw ?? 0,
});

const gaugesOfTable = (table: RouteTable) => ({
  routeVersion: () => table.version,
  routes: () => table.size,
  addressees: () => table.addressees.size,
  sandboxes: () => table.sandboxes(),
});

function ownLink({ form, nc, natsUrl, routerId }: RouterOptions): () => Promise<Link> {
  if (form === 'plain') return () => Promise.resolve(new PlainLink(nc));
  return () => openFastLink(nc, natsUrl, `router ${routerId} events`);
}

/** A lost connection ends the term before anything is sent over the next connection. */
async function watchConnection(nc: NatsConnection, engine: Engine, log: Logger): Promise<void> {
  for await (const { type, data } of nc.status()) {
    if (type === Events.Disconnect) {
      log.warn('the connection to NATS is lost');
      engine.doubt(new Doubt('connection', 'the connection was lost'));
    } else if (type === Events.Error) {
      // nats.js reports a refused permission only here; the request itself times out.
      log.error({ error: data }, 'NATS refuses something');
    }
  }
}

/**
 * The router process: waits for its servers and streams (visible in /readyz), then routes until it
 * is stopped.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { NatsConnection } from 'nats';
import { messageOf, SandboxError } from '../domain/errors.js';
import { ROUTER_BUCKET_STREAM } from '../routing/members.js';
import { STREAMS } from '../routing/subjects.js';
import { routedSubjects } from '../routing/subjects.js';
import { loggingCloser, type Closer } from '../platform/closer.js';
import { loadConfig, type Config } from '../platform/config.js';
import { delay } from '../platform/deadline.js';
import { createLogger, type Logger } from '../platform/log.js';
import { startMetricsServer, type MetricsServer } from '../platform/metrics-server.js';
import { openNats } from '../platform/nats.js';
import { closePostgres, openPostgres, type Sql } from '../platform/postgres.js';
import { reportReady, stopSignal, surviveDriverErrors } from '../platform/process.js';
import { isMisconfigured, retryUntil, StoppedError } from '../platform/retry.js';
import { streamFacts } from '../routing/routed-log.js';
import { addressesFor, type Addresses } from '../platform/stack-file.js';
import { startRouter, type Router, type RouterOptions } from './router.js';

/** NATS' streams exist soon after NATS. A slow retry would delay each start of a stack. */
const RETRY_MS = 200;
/** The time to confirm decided events before the router ends. */
const STOP_MS = 15_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger('router', config.logLevel);
  surviveDriverErrors(log);
  const addresses = addressesFor(config, 'router');
  const stopping = stopSignal();
  try {
    await using closer = loggingCloser(log);
    await route(closer, config, addresses, stopping, log);
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
  }
  log.info('router stopped');
}

/** Resolves when the router has to stop; the closer then ends it. @throws StoppedError */
async function route(
  closer: Closer,
  config: Config,
  addresses: Addresses,
  stopping: AbortSignal,
  log: Logger,
): Promise<void> {
  const routerId = `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const until = <T>(what: string, work: () => Promise<T>): Promise<T> =>
    retryUntil(work, {
      ...{ what: `waiting for ${what}`, log, signal: stopping, isFinal: isMisconfigured },
      ...{ firstMs: RETRY_MS, longestMs: RETRY_MS },
    });
  const connecting = until('NATS', () => openNats(addresses.nats, `router ${routerId}`));
  const nc = await closer.open('NATS', connecting, (open) => open.close());
  await until('the streams (bd migrate)', () => streamsExist(nc));
  const sql = openPostgres(addresses.database, { name: 'router', max: 2 });
  await closer.add('Postgres', () => closePostgres(sql));
  const starting = startRouter(routerOptions(config, addresses, { routerId, nc, sql, log }));
  const router = await closer.open('the router', starting, (open) => open.stop(), STOP_MS);
  const page = await servePage(closer, config, routerId, router);
  router.announce(page.url);
  log.info({ routerId, form: config.routerForm, metrics: page.url }, 'router started');
  while (!stopping.aborted && !router.ready()) await delay(20);
  if (!stopping.aborted) {
    reportReady(page.url);
    await once(stopping, 'abort');
  }
  log.info({ why: String(stopping.reason) }, 'router stops');
}

function routerOptions(
  config: Config,
  addresses: Addresses,
  parts: { routerId: string; nc: NatsConnection; sql: Sql; log: Logger },
): RouterOptions {
  return {
    ...parts,
    natsUrl: addresses.nats,
    form: config.routerForm,
    redisUrl: addresses.redis,
    streams: STREAMS,
    routedSubjects: routedSubjects(config.productionSubjects),
    staleMs: config.routes.staleMs,
    maxControlLine: config.maxControlLine,
    // A fifth of the stream's age limit.
    ...(config.streamProfile === 'best-effort' ? { positionEveryMs: 60_000 } : {}),
    log: parts.log.child({ routerId: parts.routerId }),
  };
}

function servePage(
  closer: Closer,
  { metricsHost: host, metricsPort: port }: Config,
  routerId: string,
  router: Router,
): Promise<MetricsServer> {
  const { registry } = router.metrics;
  const starting = startMetricsServer({
    ...{ registry, host, port },
    ready: () => ({ ok: router.ready(), detail: { routerId, ...router.status() } }),
    more: () => Promise.resolve(router.metrics.more()),
  });
  return closer.open('the page of metrics', starting, (page) => page.close());
}

async function streamsExist(nc: NatsConnection): Promise<void> {
  for (const stream of [STREAMS.raw, STREAMS.routed, ROUTER_BUCKET_STREAM]) {
    await streamFacts(nc, stream).catch((error: unknown) => {
      throw new Error(`${stream}: ${messageOf(error)}`, { cause: error });
    });
  }
}

await main().then(
  () => {
    // Nothing of ours is open, but an IPC channel would keep the process alive.
    if (process.connected) process.disconnect();
  },
  (error: unknown) => {
    const shown =
      error instanceof SandboxError ? `${error.code}: ${error.message}\n  ${error.hint}` : error;
    console.error(shown);
    process.exitCode = error instanceof SandboxError ? error.exitCode : 1;
    if (process.connected) process.disconnect();
  },
);

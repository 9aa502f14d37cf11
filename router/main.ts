/** The router process: waits, visibly, for the servers and streams that it needs, then routes until it is stopped. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { NatsConnection } from 'nats';
import { collectDefaultMetrics } from 'prom-client';
import { messageOf, SandboxError } from '../domain/errors.js';
import { ROUTER_BUCKET_STREAM } from '../routing/members.js';
import { STREAMS } from '../routing/subjects.js';
import { routedSubjects } from '../routing/subjects.js';
import { loadConfig } from '../platform/config.js';
import { delay } from '../platform/deadline.js';
import { createLogger, type Logger } from '../platform/log.js';
import { startMetricsServer } from '../platform/metrics-server.js';
import { closeNats, openNats } from '../platform/nats.js';
import { closePostgres, openPostgres } from '../platform/postgres.js';
import { onStop, reportReady, surviveDriverErrors } from '../platform/process.js';
import { streamFacts } from '../routing/routed-log.js';
import { addressesFor } from '../platform/stack-file.js';
import { startRouter } from './router.js';

const RETRY_MS = 200;
const TELL_EVERY_MS = 5_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger('router', config.logLevel);
  surviveDriverErrors(log);
  const addresses = addressesFor(config, 'router');
  const stopping = new AbortController();
  const stopped = new Promise<string>((resolve) => {
    onStop((why) => {
      stopping.abort();
      resolve(why);
    });
  });
  const routerId = `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${process.pid}-${randomBytes(3).toString('hex')}`;

  const nc = await until(stopping.signal, log, 'NATS', () =>
    openNats(addresses.nats, `router ${routerId}`),
  );
  if (nc === null) return;
  if (
    (await until(stopping.signal, log, 'the streams (bd migrate)', () => streamsExist(nc))) === null
  ) {
    await closeNats(nc);
    return;
  }
  const sql = openPostgres(addresses.database, { name: 'router', max: 2 });
  const router = await startRouter({
    routerId,
    nc,
    natsUrl: addresses.nats,
    form: config.routerForm,
    sql,
    redisUrl: addresses.redis,
    streams: STREAMS,
    routedSubjects: routedSubjects(config.productionSubjects),
    staleMs: config.routes.staleMs,
    maxControlLine: config.maxControlLine,
    // A fifth of what the stream keeps.
    ...(config.streamProfile === 'best-effort' ? { positionEveryMs: 60_000 } : {}),
    log: log.child({ routerId }),
  });
  collectDefaultMetrics({ register: router.metrics.registry });
  const page = await startMetricsServer({
    registry: router.metrics.registry,
    host: config.metricsHost,
    port: config.metricsPort,
    ready: () => ({ ok: router.ready(), detail: { routerId, ...router.status() } }),
    more: () => Promise.resolve(router.metrics.more()),
  });
  router.announce(page.url);
  log.info({ routerId, form: config.routerForm, metrics: page.url }, 'router started');
  while (!stopping.signal.aborted && !router.ready()) await delay(20);
  if (!stopping.signal.aborted) reportReady(page.url);

  const why = await stopped;
  log.info({ why }, 'router stops');
  await router.stop();
  await page.close();
  await closeNats(nc);
  await closePostgres(sql);
  log.info('router stopped');
}

async function streamsExist(nc: NatsConnection): Promise<true> {
  for (const stream of [STREAMS.raw, STREAMS.routed, ROUTER_BUCKET_STREAM]) {
    await streamFacts(nc, stream).catch((error: unknown) => {
      throw new Error(`${stream}: ${messageOf(error)}`, { cause: error });
    });
  }
  return true;
}

/** Retries until it works, or null when the process is being stopped. */
async function until<T>(
  signal: AbortSignal,
  log: Logger,
  what: string,
  attempt: () => Promise<T>,
): Promise<T | null> {
  for (let toldAt = -Infinity; !signal.aborted;) {
    try {
      return await attempt();
    } catch (error) {
      const isOurs = error instanceof SandboxError;
      // An address becomes no better by waiting.
      if (isOurs && error.code === 'SANDBOX_008') throw error;
      if (performance.now() - toldAt > TELL_EVERY_MS) {
        toldAt = performance.now();
        const hint = isOurs ? { hint: error.hint } : {};
        log.warn({ error: messageOf(error), ...hint }, `waiting for ${what}`);
      }
      await delay(RETRY_MS);
    }
  }
  return null;
}

await main().then(
  () => {
    // Nothing of ours is open; an IPC channel would keep the process.
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

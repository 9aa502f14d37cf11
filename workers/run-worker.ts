/**
 * A worker: runs sandboxes' workflows and activities until a stop signal, then drains and closes
 * its connections.
 */
import { Worker, type ActivityInterceptorsFactory } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { withEmf } from '../activities/emf-metrics.js';
import { healthActivities } from '../activities/health-activities.js';
import { lifecycleMetrics, type LifecycleMetrics } from '../activities/metrics.js';
import { sandboxActivities } from '../activities/sandbox-activities.js';
import { sweepActivities } from '../activities/sweep-activities.js';
import { templateActivities, type TemplateContext } from '../activities/template-activities.js';
import { SandboxError } from '../domain/errors.js';
import { migrate } from '../migrate/index.js';
import { loggingCloser, type Closer } from '../platform/closer.js';
import { guildPolicyOf, type Config } from '../platform/config.js';
import { createLogger, type Logger } from '../platform/log.js';
import { startMetricsServer } from '../platform/metrics-server.js';
import { reportReady, stopSignal, surviveDriverErrors } from '../platform/process.js';
import { retryUntil, StoppedError } from '../platform/retry.js';
import { readMasterSecret } from '../platform/master-secret.js';
import { addressesFor, readNatsAuthority, type Addresses } from '../platform/stack-file.js';
import {
  natsAccountOf,
  natsApiPrefixOf,
  parseNatsAuthority,
  type NatsAuthority,
} from '../platform/nats-authority.js';
import { Resources, type InspectingContext } from '../resources/index.js';
import { POSTGRES_SCHEMA } from '../resources/postgres/index.js';
import { openRoutes, type Routes } from '../routes/routes.js';
import { answerCallout } from '../resources/nats/callout.js';
import { installationId } from '../store/sandboxes.js';
import { subkeyOf } from '../platform/subkeys.js';
import { openWorkerConnections, type WorkerConnections } from './connections.js';
import { deploymentOf } from './deployment.js';
import { startGuards } from './guards.js';
import { workerHealth } from './health.js';
import { installRuntime } from './runtime.js';
import { tuner } from './tuner.js';

export interface WorkerExtras {
  /** The fault tests wrap every activity. */
  readonly activityInterceptors?: readonly ActivityInterceptorsFactory[];
}

/**
 * Resolves when the worker has stopped: on SIGTERM, SIGINT, or when the parent is gone. @throws
 * SANDBOX_008 without a master secret
 */
export async function runWorker(
  config: Config,
  { activityInterceptors = [] }: WorkerExtras = {},
): Promise<void> {
  const log = createLogger('worker', config.logLevel);
  surviveDriverErrors(log);
  const addresses = addressesFor(config, 'worker');
  const secrets = readSecrets(config);
  const stopping = stopSignal();
  stopping.addEventListener('abort', () => {
    log.info({ why: String(stopping.reason) }, 'stopping');
  });
  try {
    await using closer = loggingCloser(log);
    const parts = await openParts(closer, { config, addresses, secrets, stopping, log });
    const { installation, resources, metrics, connections } = parts;
    await startGuards(closer, {
      ...{ config, addresses, connections, installation, resources, metrics, log },
      actorKey: secrets.actorKey,
    });
    const page = await servePage(closer, config, parts);
    // Last: a worker that never ran cannot be ended, and keeps its connection open.
    const worker = await createWorker(config, parts, activityInterceptors, log);
    page.worker = worker;
    log.info(
      { metrics: page.url, temporal: addresses.temporal, version: process.version },
      'worker started',
    );
    reportReady(page.url);
    await runUntil(stopping, worker);
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
  }
  log.info('worker stopped');
}

interface Secrets {
  readonly masterSecret: string;
  readonly tenantKey: string;
  readonly actorKey: string;
  readonly natsAuthority: NatsAuthority | null;
}

function readSecrets(config: Config): Secrets {
  const masterSecret = readMasterSecret(config);
  if (masterSecret === null) {
    throw new SandboxError(
      'SANDBOX_008',
      'the worker needs SANDBOX_MASTER_SECRET, of at least 32 characters',
    );
  }
  const authority = readNatsAuthority(config);
  return {
    masterSecret,
    tenantKey: subkeyOf(masterSecret, 'tenant-passwords'),
    actorKey: subkeyOf(masterSecret, 'actors'),
    natsAuthority: authority === null ? null : parseNatsAuthority(authority),
  };
}

interface Opening {
  readonly config: Config;
  readonly addresses: Addresses;
  readonly secrets: Secrets;
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

interface Parts {
  readonly connections: WorkerConnections;
  readonly installation: string;
  readonly resources: Resources;
  readonly routes: Routes;
  readonly templates: TemplateContext;
  readonly inspecting: InspectingContext;
  readonly actorKey: string;
  readonly registry: Registry;
  readonly metrics: LifecycleMetrics;
  readonly sdkMetrics: () => Promise<string>;
}

/** The connections, migrated servers, and the activities' dependencies. @throws StoppedError */
async function openParts(closer: Closer, opening: Opening): Promise<Parts> {
  const { config, addresses, secrets, stopping: signal, log } = opening;
  const { masterSecret, tenantKey, actorKey, natsAuthority } = secrets;
  const { sdkMetrics } = await installRuntime(log);
  const connections = await openWorkerConnections(closer, addresses, config, { log, signal });
  const { database, redis, nats } = connections;
  await retryUntil(() => migrated(addresses, config, log), {
    ...{ what: 'waiting for the migration', log, signal },
  });
  // Before the worker is ready: a sandbox's user must be able to log in when the create returns.
  if (natsAuthority !== null) {
    const natsUrl = addresses.nats;
    const callout = answerCallout({
      nats,
      natsUrl,
      authority: natsAuthority,
      masterSecret,
      tenantKey,
      log,
    });
    await closer.open('the auth callout', callout, (open) => open.close());
  }
  const registry = new Registry();
  const registered = lifecycleMetrics(registry);
  const toEmf = (line: string): void => void process.stdout.write(`${line}\n`);
  const metrics = config.emf ? withEmf(registered, toEmf) : registered;
  const installation = await installationId(database);
  const routes = openRoutes({ database, redis, nats, installation });
  const resources = new Resources({
    database,
    databaseUrl: addresses.database,
    redis,
    nats,
    installation,
    masterSecret,
    tenantKey,
    natsAuthority,
    natsAccount: natsAccountOf(addresses.nats),
    redisAcl: config.redisAcl,
    templateApplied: (...attempt) => {
      metrics.templateApplied(...attempt);
    },
  });
  const templates = {
    ...{ database, tenantKey, actorKey, metrics, log, databaseUrl: addresses.database },
    sourceUrl: config.templateSource ?? null,
    schemas: resources.get(POSTGRES_SCHEMA),
  };
  return {
    ...{ connections, installation, resources, routes, templates, actorKey },
    ...{ registry, metrics, sdkMetrics },
    inspecting: inspectingContext(connections, installation, addresses, config),
  };
}

function inspectingContext(
  { database, redis, nats }: WorkerConnections,
  installation: string,
  addresses: Addresses,
  { redisAcl }: Config,
): InspectingContext {
  const natsApiPrefix = natsApiPrefixOf(addresses.nats);
  return {
    ...{ database, redisAcl, natsAccount: natsAccountOf(addresses.nats) },
    redis: () => Promise.resolve(redis),
    nats: () => Promise.resolve(nats),
    installation: () => Promise.resolve(installation),
    ...(natsApiPrefix === undefined ? {} : { natsApiPrefix }),
  };
}

/**
 * Migrates everything but the database, which needs an administrator. @throws SANDBOX_009 until it
 * is migrated
 */
async function migrated(addresses: Addresses, config: Config, log: Logger): Promise<void> {
  const { changes } = await migrate(addresses, config, { postgres: 'check' });
  for (const change of changes) log.info({ change }, 'migrate');
  const missing = changes.filter((change) => change.startsWith('Postgres'));
  if (missing.length === 0) return;
  throw new SandboxError('SANDBOX_009', `the database is not migrated: ${missing.join('; ')}`, {
    hint: 'Run `bd migrate` as its administrator.',
  });
}

async function createWorker(
  config: Config,
  { connections, installation, resources, routes, templates, inspecting, actorKey, metrics }: Parts,
  interceptors: readonly ActivityInterceptorsFactory[],
  log: Logger,
): Promise<Worker> {
  const { database, client, temporal } = connections;
  const { taskQueue, policy, sweep } = config;
  const guildPolicy = guildPolicyOf(config);
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  return Worker.create({
    connection: temporal,
    namespace: config.namespace,
    taskQueue,
    interceptors: { activity: [...interceptors] },
    workflowBundle: { codePath },
    ...(await deploymentOf(config, codePath)),
    activities: {
      ...sandboxActivities({
        ...{ database, resources, routes, policy, guildPolicy, actorKey, metrics, log },
      }),
      ...sweepActivities({
        ...{ database, resources, routes, client, taskQueue, installation, actorKey, metrics, log },
        graceMs: sweep.graceMs,
      }),
      ...templateActivities(templates),
      ...healthActivities(inspecting),
    },
    // Measured: after a kill -9 an idle workflow answers in 1.2 s instead of 10.2.
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: '5s',
    tuner,
  });
}

interface Page {
  readonly url: string;
  /** `/readyz` checks it; without a worker the process is not ready. */
  worker?: Worker;
}

async function servePage(
  closer: Closer,
  { metricsHost: host, metricsPort: port }: Config,
  { registry, sdkMetrics, connections }: Parts,
): Promise<Page> {
  const starting = startMetricsServer({
    ...{ registry, host, port, more: sdkMetrics },
    ready: () => workerHealth(connections, page.worker?.getState() ?? 'INITIALIZED'),
  });
  const { url } = await closer.open('the page of metrics', starting, (open) => open.close());
  const page: Page = { url };
  return page;
}

/** Resolves when the worker has drained. */
async function runUntil(stopping: AbortSignal, worker: Worker): Promise<void> {
  const shutdown = (): void => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  stopping.addEventListener('abort', shutdown);
  const running = worker.run();
  // It may have been stopped during its start.
  if (stopping.aborted) shutdown();
  await running;
}

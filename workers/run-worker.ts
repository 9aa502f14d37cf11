/** A worker: runs the workflows and activities of sandboxes until it is told to stop, then drains and closes what it opened. */
import { Worker, type ActivityInterceptorsFactory } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { Registry, collectDefaultMetrics } from 'prom-client';
import { withEmf } from '../activities/emf-metrics.js';
import { lifecycleMetrics } from '../activities/metrics.js';
import { sandboxActivities } from '../activities/sandbox-activities.js';
import { sweepActivities } from '../activities/sweep-activities.js';
import { messageOf, SandboxError } from '../domain/errors.js';
import { migrate } from '../migrate/index.js';
import { migrateNats } from '../migrate/nats.js';
import { routedSubjects } from '../routing/subjects.js';
import type { Config } from '../platform/config.js';
import { delay } from '../platform/deadline.js';
import { createLogger, type Logger } from '../platform/log.js';
import { startMetricsServer } from '../platform/metrics-server.js';
import { onStop, reportReady, surviveDriverErrors } from '../platform/process.js';
import {
  addressesFor,
  readMasterSecret,
  readNatsAuthority,
  type Addresses,
} from '../platform/stack-file.js';
import { natsAccountOf, parseNatsAuthority } from '../platform/nats-authority.js';
import { Resources } from '../resources/index.js';
import { openRoutes } from '../routes/routes.js';
import { installationId } from '../store/sandboxes.js';
import { openWorkerConnections } from './connections.js';
import { countActive } from './active.js';
import { deploymentOf } from './deployment.js';
import { guardConnections } from '../resources/redis/connection-guard.js';
import { guardLocks } from '../resources/postgres/lock-guard.js';
import { guardWaits } from '../resources/postgres/wait-guard.js';
import { workerHealth } from './health.js';
import { answerCallout } from '../resources/nats/callout.js';
import { reconcileRedis } from './reconcile.js';
import { reconcileStreams } from '../resources/nats/reconcile.js';
import { installRuntime } from './runtime.js';

/** Everything but the database, which needs an administrator; waits, visibly, until that is migrated. */
async function migrated(addresses: Addresses, config: Config, log: Logger): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const { changes } = await migrate(addresses, config, { postgres: 'check' });
      const missing = changes.filter((change) => change.startsWith('Postgres'));
      for (const change of changes) log.info({ change }, 'migrate');
      if (missing.length === 0) return;
      log.error({ missing }, 'the database is not migrated: run `bd migrate` as its administrator');
    } catch (error) {
      log.warn({ err: messageOf(error) }, 'migrate will be tried again');
    }
    await delay(Math.min(250 * 2 ** attempt, 5_000));
  }
}

export interface WorkerExtras {
  /** The fault tests wrap every activity with theirs. */
  readonly activityInterceptors?: readonly ActivityInterceptorsFactory[];
}

/** Resolves when the worker has stopped: on SIGTERM, SIGINT, or when the parent is gone. @throws SANDBOX_008 without a master secret */
export async function runWorker(
  config: Config,
  { activityInterceptors = [] }: WorkerExtras = {},
): Promise<void> {
  const log = createLogger('worker', config.logLevel);
  surviveDriverErrors(log);
  const addresses = addressesFor(config, 'worker');
  const masterSecret = readMasterSecret(config);
  if (masterSecret === null) {
    throw new SandboxError(
      'SANDBOX_008',
      'the worker needs SANDBOX_MASTER_SECRET, of at least 32 characters',
    );
  }
  const authorityText = readNatsAuthority(config);
  const natsAuthority = authorityText === null ? null : parseNatsAuthority(authorityText);
  const { sdkMetrics } = await installRuntime(log);
  const connections = await openWorkerConnections(addresses, config, log);
  const { database, redis, nats, client, temporal } = connections;
  await migrated(addresses, config, log);
  // Before anything is reported ready: a sandbox's user must be able to come in when its create returns.
  const callout =
    natsAuthority === null
      ? null
      : await answerCallout({
          ...{ nats, natsUrl: addresses.nats, authority: natsAuthority, masterSecret, log },
        });

  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const toEmf = (line: string): void => void process.stdout.write(`${line}\n`);
  const registered = lifecycleMetrics(registry);
  const metrics = config.emf ? withEmf(registered, toEmf) : registered;
  const installation = await installationId(database);
  const routes = openRoutes({ database, redis, nats, installation });
  const resources = new Resources({
    database,
    redis,
    nats,
    installation,
    masterSecret,
    natsAuthority,
    natsAccount: natsAccountOf(addresses.nats),
    redisAcl: config.redisAcl,
  });
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  const worker = await Worker.create({
    connection: temporal,
    namespace: config.namespace,
    taskQueue: config.taskQueue,
    interceptors: { activity: [...activityInterceptors] },
    workflowBundle: { codePath },
    ...(await deploymentOf(config, codePath)),
    activities: {
      ...sandboxActivities({ database, resources, routes, policy: config.policy, metrics, log }),
      ...sweepActivities({
        database,
        resources,
        routes,
        client,
        taskQueue: config.taskQueue,
        installation,
        graceMs: config.sweep.graceMs,
        metrics,
        log,
      }),
    },
    // Measured: after a kill -9 an idle workflow answers in 1.2 s instead of 10.2.
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: '5s',
    maxConcurrentActivityTaskExecutions: 100,
    maxConcurrentLocalActivityExecutions: 100,
    maxConcurrentWorkflowTaskExecutions: 100,
  });
  const reconciler = reconcileRedis({ database, redis, installation, resources, log });
  const streams = reconcileStreams({
    ...{ nats, database, resources, log, profile: config.streamProfile },
    makeStreams: () =>
      migrateNats(addresses.nats, routedSubjects(config.productionSubjects), {
        profile: config.streamProfile,
      }),
  });
  const locks = guardLocks(addresses.database, metrics, log);
  const waits = guardWaits(addresses.database, metrics, log);
  const connectionGuard = guardConnections(redis, metrics, log);
  const active = countActive(database, metrics, log);
  const page = await startMetricsServer({
    registry,
    host: config.metricsHost,
    port: config.metricsPort,
    more: sdkMetrics,
    ready: () => workerHealth({ ...connections, worker }),
  });

  onStop((why) => {
    log.info({ why }, 'stopping');
    if (worker.getState() === 'RUNNING') worker.shutdown();
  });
  log.info(
    { metrics: page.url, temporal: addresses.temporal, version: process.version },
    'worker started',
  );
  reportReady(page.url);
  try {
    await worker.run();
  } finally {
    active.close();
    connectionGuard.close();
    await Promise.all([locks.close(), waits.close()]);
    reconciler.close();
    streams.close();
    await page.close();
    await callout?.close();
    await connections.close();
  }
  log.info('worker stopped');
}

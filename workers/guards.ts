/** What a worker does beside its tasks: it puts back what servers have lost, and ends what would starve other sandboxes. */
import type { LifecycleMetrics } from '../activities/metrics.js';
import { migrateNats } from '../migrate/nats.js';
import type { Closer } from '../platform/closer.js';
import { guildPolicyOf, type Config } from '../platform/config.js';
import type { Logger } from '../platform/log.js';
import type { Addresses } from '../platform/stack-file.js';
import type { Resources } from '../resources/index.js';
import { reconcileStreams } from '../resources/nats/reconcile.js';
import { guardLocks } from '../resources/postgres/lock-guard.js';
import { guardWaits } from '../resources/postgres/wait-guard.js';
import { guardConnections } from '../resources/redis/connection-guard.js';
import { routedSubjects } from '../routing/subjects.js';
import { countActive } from './active.js';
import type { WorkerConnections } from './connections.js';
import { guardGrants } from './grant-guard.js';
import { reconcileRedis } from './reconcile.js';

export interface GuardContext {
  readonly config: Config;
  readonly addresses: Addresses;
  readonly connections: WorkerConnections;
  readonly installation: string;
  readonly resources: Resources;
  readonly metrics: LifecycleMetrics;
  readonly log: Logger;
}

/** All of them run from now on, until the closer ends them. */
export async function startGuards(closer: Closer, context: GuardContext): Promise<void> {
  const { config, addresses, connections, installation, resources, metrics, log } = context;
  const { database, redis, nats, client } = connections;
  const end = (guard: { close(): unknown }): unknown => guard.close();

  const reconciler = reconcileRedis({ database, redis, installation, resources, log });
  await closer.open('the reconciler of Redis', reconciler, end);
  const profile = config.streamProfile;
  const streams = reconcileStreams({
    ...{ nats, database, resources, log, profile },
    makeStreams: () =>
      migrateNats(addresses.nats, routedSubjects(config.productionSubjects), { profile }),
  });
  await closer.open('the reconciler of NATS', streams, end);
  await closer.open('the guard of locks', guardLocks(addresses.database, metrics, log), end);
  await closer.open('the guard of waits', guardWaits(addresses.database, metrics, log), end);
  await closer.open('the guard of connections', guardConnections(redis, metrics, log), end);
  if (guildPolicyOf(config) === 'granted')
    await closer.open('the guard of grants', guardGrants({ database, client, log }), end);
  await closer.open('the count of live sandboxes', countActive(database, metrics, log), end);
}

/** The resources as a worker has them: its roles on the run's servers, and the secrets that it holds. */
import { onTestFinished } from 'vitest';
import { natsAccountOf, parseNatsAuthority } from '../../platform/nats-authority.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { readMasterSecret, readNatsAuthority } from '../../platform/stack-file.js';
import { openResources, type ResourceContext, type Resources } from '../../resources/index.js';
import { openDatabase } from '../../store/database.js';
import { installationId } from '../../store/sandboxes.js';
import { stackConfig, stackState } from './stack.js';

export interface WorkerParts extends ResourceContext {
  /** The resources of a worker that differs in this. */
  readonly resources: (change?: Partial<ResourceContext>) => Resources;
}

/** Closed when the test ends. */
export async function openWorkerParts(): Promise<WorkerParts> {
  const { urls } = stackState();
  const database = openDatabase(urls.worker.database, { name: 'test', max: 4 });
  const redis = await openRedis(urls.worker.redis, 'test');
  const nats = await openNats(urls.worker.nats, 'test');
  onTestFinished(async () => {
    closeRedis(redis);
    await Promise.all([database.close(), closeNats(nats)]);
  });
  const context: ResourceContext = {
    ...{ database, redis, nats, installation: await installationId(database) },
    masterSecret: readMasterSecret(stackConfig()),
    natsAuthority: parseNatsAuthority(readNatsAuthority(stackConfig()) ?? ''),
    natsAccount: natsAccountOf(urls.worker.nats),
    redisAcl: true,
  };
  return { ...context, resources: (change = {}) => openResources({ ...context, ...change }) };
}

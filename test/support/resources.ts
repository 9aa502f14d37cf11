/** The resources as a worker opens them, with its roles and its secrets. */
import { onTestFinished } from 'vitest';
import { natsAccountOf, parseNatsAuthority } from '../../platform/nats-authority.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { readMasterSecret } from '../../platform/master-secret.js';
import { readNatsAuthority } from '../../platform/stack-file.js';
import { readSubkey } from '../../platform/subkeys.js';
import {
  openInspectors,
  Resources,
  type InspectingContext,
  type Inspector,
  type MakingContext,
} from '../../resources/index.js';
import { openRoutes, type Routes } from '../../routes/routes.js';
import { openDatabase } from '../../store/database.js';
import { installationId } from '../../store/sandboxes.js';
import { stackConfig, stackState } from './stack.js';

export interface WorkerParts extends MakingContext {
  /** The resources of a worker with another configuration. */
  readonly resources: (change?: Partial<MakingContext>) => Resources;
  readonly routes: (change?: Partial<MakingContext>) => Routes;
  readonly inspector: (name: string, change?: Partial<InspectingContext>) => Inspector;
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
  const context: MakingContext = {
    ...{ database, redis, nats, installation: await installationId(database) },
    databaseUrl: urls.worker.database,
    masterSecret: readMasterSecret(stackConfig()) ?? '',
    tenantKey: readSubkey(stackConfig(), 'tenant-passwords') ?? '',
    natsAuthority: parseNatsAuthority(readNatsAuthority(stackConfig()) ?? ''),
    natsAccount: natsAccountOf(urls.worker.nats),
    redisAcl: true,
  };
  const inspecting: InspectingContext = {
    ...{ database, natsAccount: context.natsAccount, redisAcl: true },
    redis: () => Promise.resolve(redis),
    nats: () => Promise.resolve(nats),
    installation: () => Promise.resolve(context.installation),
  };
  return {
    ...context,
    resources: (change = {}) => new Resources({ ...context, ...change }),
    routes: (change = {}) => openRoutes({ ...context, ...change }),
    inspector(name, change = {}) {
      const all = openInspectors({ ...inspecting, ...change });
      const found = all.find((inspector) => inspector.name === name);
      if (found === undefined) throw new Error(`no inspector of ${name}`);
      return found;
    },
  };
}

/** Servers and services that are not the stack's: each is asked, so that a status says what is true of it. */
import { messageOf } from '../../domain/errors.js';
import { displayAddress } from '../../platform/addresses/login.js';
import type { Config } from '../../platform/config.js';
import { withDeadline } from '../../platform/deadline.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { natsApiPrefixOf } from '../../platform/nats-authority.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { livingMembers, memberShape, routerBucket } from '../../routing/router-bucket.js';
import { givenFor } from './addresses.js';
import {
  idle,
  isServerName,
  SERVICE_NAMES,
  type ServiceName,
  type ServiceStatus,
} from './service.js';

const NAME = 'bd dev status';
/** Below the supervisor's own limit for a status. */
const WITHIN_MS = 3_000;

/** No stack runs: its own services are stopped, and those of somebody else are asked. */
export const stoppedStatus = (config: Config): Promise<ServiceStatus[]> =>
  Promise.all(SERVICE_NAMES.map((name) => foreignStatus(name, config)));

/**
 * `external` if it answers at the address in the environment, which for worker and router is that of a server they
 * serve on; `unreachable` with the reason if it does not; `stopped` without an address.
 */
export async function foreignStatus(name: ServiceName, config: Config): Promise<ServiceStatus> {
  // They register nowhere: another one cannot be known.
  if (name === 'api' || name === 'discord') return idle(name, 'stopped');
  const server = isServerName(name) ? name : name === 'worker' ? 'temporal' : 'nats';
  const given = givenFor(config, server);
  if (given === undefined) return idle(name, 'stopped');
  const shown = displayAddress(given);
  const address = isServerName(name) ? shown : null;
  try {
    const serves = await withDeadline(SERVES[name](given, config), WITHIN_MS, server);
    if (serves) return { ...idle(name, 'external'), address };
    return idle(name, 'stopped', `none serves at ${shown}`);
  } catch (error) {
    return { ...idle(name, 'unreachable', messageOf(error)), address };
  }
}

/** One question to each; a server that answers serves. */
const SERVES: Record<
  Exclude<ServiceName, 'api' | 'discord'>,
  (given: string, config: Config) => Promise<boolean>
> = {
  async temporal(given, config) {
    const temporal = await temporalOf(given, config);
    try {
      await temporal.client.workflowService.getSystemInfo({});
      return true;
    } finally {
      await temporal.close();
    }
  },
  async postgres(given) {
    const sql = openPostgres(given, { name: NAME, max: 1 });
    try {
      await sql`SELECT 1`;
      return true;
    } finally {
      await closePostgres(sql);
    }
  },
  async nats(given) {
    await closeNats(await openNats(given, NAME));
    return true;
  },
  async redis(given) {
    closeRedis(await openRedis(given, NAME));
    return true;
  },
  async worker(given, config) {
    const temporal = await temporalOf(given, config);
    try {
      const { taskQueueFacts } = await import('../../platform/temporal.js');
      return (await taskQueueFacts(temporal, config.taskQueue)).polls.length > 0;
    } finally {
      await temporal.close();
    }
  },
  async router(given) {
    const nc = await openNats(given, NAME);
    try {
      const bucket = routerBucket(nc, { apiPrefix: natsApiPrefixOf(given) });
      return (await livingMembers(bucket, memberShape)).length > 0;
    } finally {
      await closeNats(nc);
    }
  },
};

/** Temporal's client costs 300 ms: it is imported where a Temporal of somebody else's is asked. */
const temporalOf = async (address: string, { namespace, temporalSecurity }: Config) =>
  (await import('../../platform/temporal.js')).openTemporal(address, namespace, temporalSecurity);

/** Servers and services that are not the stack's: each is asked, so that a status says what is true of it. */
import { messageOf } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { withDeadline } from '../../platform/deadline.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { natsApiPrefixOf } from '../../platform/nats-authority.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { livingMembers, memberShape, routerBucket } from '../../routing/router-bucket.js';
import { displayAddress } from '../../platform/addresses/login.js';
import { givenFor } from './addresses.js';
import { idle, type ProcessName, type ServerName, type ServiceStatus } from './service.js';

const NAME = 'bd dev status';
/** Below the supervisor's own limit for a status. */
const WITHIN_MS = 3_000;

/** A server with an address in the environment: `external` if it answers, else `unreachable` with the reason. */
export async function foreignServer(
  name: ServerName,
  given: string,
  config: Config,
): Promise<ServiceStatus> {
  const address = displayAddress(given);
  try {
    await withDeadline(ASK[name](given, config), WITHIN_MS, name);
    return { ...idle(name, 'external'), address };
  } catch (error) {
    return { ...idle(name, 'unreachable', messageOf(error)), address };
  }
}

/** Temporal's client costs 300 ms: it is imported where a Temporal of somebody else's is asked. */
const temporalOf = async (address: string, { namespace, temporalSecurity }: Config) =>
  (await import('../../platform/temporal.js')).openTemporal(address, namespace, temporalSecurity);

const ASK: Record<ServerName, (given: string, config: Config) => Promise<void>> = {
  async temporal(given, config) {
    const temporal = await temporalOf(given, config);
    try {
      await temporal.client.workflowService.getSystemInfo({});
    } finally {
      await temporal.close();
    }
  },
  async postgres(given) {
    const sql = openPostgres(given, { name: NAME, max: 1 });
    try {
      await sql`SELECT 1`;
    } finally {
      await closePostgres(sql);
    }
  },
  async nats(given) {
    await closeNats(await openNats(given, NAME));
  },
  async redis(given) {
    closeRedis(await openRedis(given, NAME));
  },
};

/** A service that no stack of ours runs: `external` where one serves on the given servers. */
export async function foreignProcess(name: ProcessName, config: Config): Promise<ServiceStatus> {
  const server = name === 'worker' ? 'temporal' : 'nats';
  const given = givenFor(config, server);
  // An API registers nowhere: another one cannot be known.
  if (given === undefined || name === 'api') return idle(name, 'stopped');
  try {
    const serving = await withDeadline(SERVING[name](given, config), WITHIN_MS, server);
    return serving
      ? idle(name, 'external')
      : idle(name, 'stopped', `none serves at ${displayAddress(given)}`);
  } catch (error) {
    return idle(name, 'unreachable', messageOf(error));
  }
}

const SERVING: Record<
  Exclude<ProcessName, 'api'>,
  (given: string, config: Config) => Promise<boolean>
> = {
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

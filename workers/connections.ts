/** What a worker needs of the servers, opened when it starts and closed when it stops. */
import { NativeConnection } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { temporalAddress } from '../platform/addresses/temporal.js';
import type { Config } from '../platform/config.js';
import { delay, withDeadline } from '../platform/deadline.js';
import type { Logger } from '../platform/log.js';
import { closeNats, openNats, type NatsConnection } from '../platform/nats.js';
import { asPostgresError } from '../platform/postgres.js';
import { closeRedis, openRedis, type Redis } from '../platform/redis.js';
import type { Addresses } from '../platform/stack-file.js';
import { temporalFailure } from '../platform/temporal-refusal.js';
import { temporalSecurity } from '../platform/temporal-security.js';
import { cannotUse } from '../platform/unreachable.js';
import { DEPENDENCIES } from '../domain/errors.js';
import { openDatabase, type Database } from '../store/database.js';

export interface WorkerConnections {
  readonly temporal: NativeConnection;
  readonly client: Client;
  readonly database: Database;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  close(): Promise<void>;
}

type Server = 'temporal' | 'postgres' | 'redis' | 'nats';

/**
 * Asks again until the server answers: a worker's first connection is not retried by the SDK.
 * @throws SANDBOX_008: an address becomes no better by waiting
 */
async function untilThere<T>(server: Server, open: () => Promise<T>, log: Logger): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open();
    } catch (thrown) {
      const error = cannotUse(server, server === 'postgres' ? asPostgresError(thrown) : thrown);
      if (error.code === 'SANDBOX_008') throw error;
      const { message, hint } = error;
      log.warn({ server: DEPENDENCIES[server], err: message, hint }, 'waiting for a server');
      await delay(Math.min(250 * 2 ** attempt, 5_000));
    }
  }
}

/** @throws SANDBOX_008 for certificates that are none: they become no better by waiting */
export async function openWorkerConnections(
  addresses: Addresses,
  config: Config,
  log: Logger,
): Promise<WorkerConnections> {
  const address = temporalAddress(addresses.temporal);
  const security = temporalSecurity(config.temporalSecurity);
  const server = { address, ...security };
  const reached = async <T>(connection: Promise<T>): Promise<T> => {
    try {
      return await withDeadline(connection, 5_000, 'Temporal');
    } catch (error) {
      throw await temporalFailure(error, address, security);
    }
  };
  const [temporal, connection, redis, nats] = await Promise.all([
    untilThere('temporal', () => reached(NativeConnection.connect(server)), log),
    untilThere('temporal', () => reached(Connection.connect(server)), log),
    untilThere('redis', () => openRedis(addresses.redis, 'bd worker'), log),
    untilThere('nats', () => openNats(addresses.nats, 'bd worker'), log),
  ]);
  const database = openDatabase(addresses.database, { name: 'bd worker', max: 20 });
  await untilThere('postgres', () => withDeadline(database.sql`SELECT 1`, 5_000, 'Postgres'), log);
  return {
    temporal,
    client: new Client({ connection, namespace: config.namespace }),
    database,
    redis,
    nats,
    async close() {
      closeRedis(redis);
      await Promise.allSettled([database.close(), closeNats(nats), connection.close()]);
      await temporal.close().catch(() => undefined);
    },
  };
}

/** What a worker needs of the servers, opened when it starts and closed when it stops. */
import { NativeConnection } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import type { Config } from '../platform/config.js';
import { delay, withDeadline } from '../platform/deadline.js';
import type { Logger } from '../platform/log.js';
import { closeNats, openNats, type NatsConnection } from '../platform/nats.js';
import { closeRedis, openRedis, type Redis } from '../platform/redis.js';
import type { Addresses } from '../platform/stack-file.js';
import { temporalSecurity } from '../platform/temporal-security.js';
import { messageOf, unreachable } from '../domain/errors.js';
import { openDatabase, type Database } from '../store/database.js';

export interface WorkerConnections {
  readonly temporal: NativeConnection;
  readonly client: Client;
  readonly database: Database;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  close(): Promise<void>;
}

/** Asks again until the server answers: a worker's first connection is not retried by the SDK (traps.md 10). */
async function untilThere<T>(name: string, open: () => Promise<T>, log: Logger): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      log.warn({ server: name, err: messageOf(error) }, 'waiting for a server');
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
  const server = { address: addresses.temporal, ...temporalSecurity(config.temporalSecurity) };
  const [temporal, connection, redis, nats] = await Promise.all([
    untilThere(
      'Temporal',
      () => withDeadline(NativeConnection.connect(server), 5_000, 'Temporal'),
      log,
    ),
    untilThere('Temporal', () => withDeadline(Connection.connect(server), 5_000, 'Temporal'), log),
    untilThere('Redis', () => openRedis(addresses.redis, 'bd worker'), log),
    untilThere('NATS', () => openNats(addresses.nats, 'bd worker'), log),
  ]);
  const database = openDatabase(addresses.database, { name: 'bd worker', max: 20 });
  await untilThere(
    'Postgres',
    () =>
      withDeadline(database.sql`SELECT 1`, 5_000, 'Postgres').catch((error: unknown) => {
        throw unreachable('postgres', error);
      }),
    log,
  );
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

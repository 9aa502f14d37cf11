/** A worker's connections, opened at its start and closed at its stop. */
import { NativeConnection } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { temporalAddress } from '../platform/addresses/temporal.js';
import { allOpened, type Closer } from '../platform/closer.js';
import type { Config } from '../platform/config.js';
import { withDeadline } from '../platform/deadline.js';
import type { Logger } from '../platform/log.js';
import { openNats, type NatsConnection } from '../platform/nats.js';
import { asPostgresError } from '../platform/postgres.js';
import { closeRedis, openRedis, type Redis } from '../platform/redis.js';
import { isMisconfigured, retryUntil } from '../platform/retry.js';
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
}

type Server = 'temporal' | 'postgres' | 'redis' | 'nats';

interface Waiting {
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const OPEN_MS = 5_000;

/** Retries until the server answers: the SDK does not retry a worker's first connection. */
const untilThere = <T>(server: Server, open: () => Promise<T>, { log, signal }: Waiting) =>
  retryUntil(
    () =>
      open().catch((thrown: unknown) => {
        throw cannotUse(server, server === 'postgres' ? asPostgresError(thrown) : thrown);
      }),
    {
      what: `waiting for ${DEPENDENCIES[server]}`,
      ...{ log, signal, isFinal: isMisconfigured },
    },
  );

/**
 * Resolves when everything is connected. The closer owns the connections.
 * @throws SANDBOX_008 for wrong addresses or certificates; StoppedError
 */
export async function openWorkerConnections(
  closer: Closer,
  addresses: Addresses,
  config: Config,
  { log, signal }: Waiting,
): Promise<WorkerConnections> {
  const openTemporal = temporalOpener(addresses, config);
  // A permanent failure ends the waits of the others.
  const failing = new AbortController();
  const waiting = { log, signal: AbortSignal.any([signal, failing.signal]) };
  const opened = async <T>(
    server: Server,
    open: () => Promise<T>,
    close: (value: T) => unknown,
  ) => {
    try {
      return await closer.open(DEPENDENCIES[server], untilThere(server, open, waiting), close);
    } catch (error) {
      failing.abort();
      throw error;
    }
  };
  const closing = (connection: { close(): Promise<void> }) => connection.close();
  const [temporal, connection, redis, nats, database] = await allOpened([
    opened('temporal', () => openTemporal(NativeConnection), closing),
    opened('temporal', () => openTemporal(Connection), closing),
    opened('redis', () => openRedis(addresses.redis, 'bd worker'), closeRedis),
    opened('nats', () => openNats(addresses.nats, 'bd worker'), closing),
    opened('postgres', () => openPool(addresses), closing),
  ]);
  const client = new Client({ connection, namespace: config.namespace });
  return { temporal, client, database, redis, nats };
}

/** @throws SANDBOX_008 for invalid certificates: waiting does not mend them */
function temporalOpener(addresses: Addresses, config: Config) {
  const address = temporalAddress(addresses.temporal);
  const security = temporalSecurity(config.temporalSecurity);
  return async <T extends { close(): Promise<void> }>(kind: {
    connect(options: { address: string }): Promise<T>;
  }): Promise<T> => {
    const connecting = kind.connect({ address, ...security });
    try {
      return await withDeadline(connecting, OPEN_MS, 'Temporal');
    } catch (error) {
      // It may still connect after the deadline.
      void connecting.then((late) => late.close()).catch(() => undefined);
      throw await temporalFailure(error, address, security);
    }
  };
}

async function openPool(addresses: Addresses): Promise<Database> {
  const database = openDatabase(addresses.database, { name: 'bd worker', max: 20 });
  try {
    await withDeadline(database.sql`SELECT 1`, OPEN_MS, 'Postgres');
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

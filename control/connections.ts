/**
 * The client's connections, each opened when a call first needs it: a list needs Postgres alone. The drivers are loaded
 * then, too: ioredis and nats cost 130 ms of a `bd sandbox list`, Temporal's client 300.
 */
import type { Config } from '../platform/config.js';
import type { NatsConnection } from '../platform/nats.js';
import type { Redis } from '../platform/redis.js';
import { addressesFor, type Addresses } from '../platform/stack-file.js';
import type { TemporalClient } from '../platform/temporal.js';
import { openDatabase, type Database } from '../store/database.js';

/**
 * Opened once, by the first caller. After a failure the next caller tries again: a server that was away
 * must not be away for the rest of a long process's life.
 */
export class Opening<T> {
  private opening: Promise<T> | undefined;

  constructor(private readonly open: () => Promise<T>) {}

  get(): Promise<T> {
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  /** Never rejects; nothing to do where nothing is open. */
  async close(end: (opened: T) => unknown): Promise<void> {
    await this.opening?.then(end).catch(() => undefined);
  }
}

export class Connections {
  readonly addresses: Addresses;
  private databaseOpened: Database | undefined;
  private readonly redisOpening = new Opening<Redis>(async () => {
    const { openRedis } = await import('../platform/redis.js');
    return openRedis(this.addresses.redis, 'bd');
  });
  private readonly natsOpening = new Opening<NatsConnection>(async () => {
    const { openNats } = await import('../platform/nats.js');
    return openNats(this.addresses.nats, 'bd');
  });
  private readonly temporalOpening = new Opening<TemporalClient>(async () => {
    const { openTemporal } = await import('../platform/temporal.js');
    const { namespace, temporalSecurity } = this.config;
    return openTemporal(this.addresses.temporal, namespace, temporalSecurity);
  });

  constructor(readonly config: Config) {
    this.addresses = addressesFor(config, 'client');
  }

  get database(): Database {
    return (this.databaseOpened ??= openDatabase(this.addresses.database, { name: 'bd', max: 4 }));
  }

  redis(): Promise<Redis> {
    return this.redisOpening.get();
  }

  nats(): Promise<NatsConnection> {
    return this.natsOpening.get();
  }

  temporal(): Promise<TemporalClient> {
    return this.temporalOpening.get();
  }

  async close(): Promise<void> {
    await Promise.allSettled([
      this.databaseOpened?.close(),
      this.redisOpening.close((redis) => {
        redis.disconnect();
      }),
      this.natsOpening.close(async (nc) => {
        const { closeNats } = await import('../platform/nats.js');
        await closeNats(nc);
      }),
      this.temporalOpening.close((temporal) => temporal.close()),
    ]);
  }
}

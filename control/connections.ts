/**
 * The client's connections. Each opens on its first use, because a list needs Postgres alone.
 * Drivers load then too: ioredis and nats take 130 ms of a `bd sandbox list`, Temporal's client
 * 300.
 */
import { messageOf } from '../domain/errors.js';
import { Closer } from '../platform/closer.js';
import type { Config } from '../platform/config.js';
import type { NatsConnection } from '../platform/nats.js';
import type { Redis } from '../platform/redis.js';
import { addressesFor, type Addresses } from '../platform/stack-file.js';
import type { TemporalClient } from '../platform/temporal.js';
import { openDatabase, type Database } from '../store/database.js';

/**
 * Opened once, by the first caller. After a failure the next caller tries again: one outage must
 * not last for the life of the process.
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
}

/** Closed in the reverse order of opening. */
export class Connections {
  readonly addresses: Addresses;
  /**
   * The command already has its answer. So a failed close is a warning, not a failure of the
   * command.
   */
  private readonly closer = new Closer((what, error) => {
    process.emitWarning(`${what} could not be closed: ${messageOf(error)}`, 'SandboxClient');
  });
  private databaseOpened: Database | undefined;
  private readonly redisOpening = new Opening<Redis>(async () => {
    const { closeRedis, openRedis } = await import('../platform/redis.js');
    return this.closer.open('Redis', openRedis(this.addresses.redis, 'bd'), closeRedis);
  });
  private readonly natsOpening = new Opening<NatsConnection>(async () => {
    const { openNats } = await import('../platform/nats.js');
    return this.closer.open('NATS', openNats(this.addresses.nats, 'bd'), (nc) => nc.close());
  });
  private readonly temporalOpening = new Opening<TemporalClient>(async () => {
    const { openTemporal } = await import('../platform/temporal.js');
    const { namespace, temporalSecurity } = this.config;
    const opening = openTemporal(this.addresses.temporal, namespace, temporalSecurity);
    return this.closer.open('Temporal', opening, (temporal) => temporal.close());
  });

  constructor(readonly config: Config) {
    this.addresses = addressesFor(config, 'client');
  }

  get database(): Database {
    if (this.databaseOpened === undefined) {
      const opened = openDatabase(this.addresses.database, { name: 'bd', max: 4 });
      void this.closer.add('Postgres', () => opened.close());
      this.databaseOpened = opened;
    }
    return this.databaseOpened;
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

  /** Never rejects. A connection that is still opening closes as soon as it is open. */
  close(): Promise<void> {
    return this.closer.close();
  }
}

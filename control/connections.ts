/**
 * The client's connections. Each opens on its first use, because a list needs Postgres alone.
 * Drivers load then too: ioredis and nats take 130 ms of a `bd sandbox list`, Temporal's client
 * 300.
 */
import { messageOf } from '../domain/errors.js';
import { Closer } from '../platform/closer.js';
import type { Config } from '../platform/config.js';
import { readSubkey } from '../platform/subkeys.js';
import type { NatsConnection } from '../platform/nats.js';
import type { Redis } from '../platform/redis.js';
import { addressesFor, type Addresses } from '../platform/stack-file.js';
import type { TemporalClient } from '../platform/temporal.js';
import { openDatabase, type Database } from '../store/database.js';
import type { Lifecycle } from './lifecycle.js';
import type { OnBusy } from './worker-presence.js';

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

export interface ServiceOptions {
  /** Called now and then while the workers are busy with other sandboxes. */
  readonly onBusy?: OnBusy;
  /** The role in each server, with its rights. Default `client`. */
  readonly role?: 'client' | 'api';
}

/** The name that the servers show, and the sessions of Postgres at most. */
const AS = { client: { name: 'bd', max: 4 }, api: { name: 'api', max: 10 } } as const;

/** Closed in the reverse order of opening. */
export class Connections {
  readonly addresses: Addresses;
  readonly role: keyof typeof AS;
  private readonly as: (typeof AS)[keyof typeof AS];
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
    return this.closer.open('Redis', openRedis(this.addresses.redis, this.as.name), closeRedis);
  });
  private readonly natsOpening = new Opening<NatsConnection>(async () => {
    const { openNats } = await import('../platform/nats.js');
    return this.closer.open('NATS', openNats(this.addresses.nats, this.as.name), (nc) =>
      nc.close(),
    );
  });
  private readonly temporalOpening = new Opening<TemporalClient>(async () => {
    const { openTemporal } = await import('../platform/temporal.js');
    const { namespace, temporalSecurity } = this.config;
    const opening = openTemporal(this.addresses.temporal, namespace, temporalSecurity);
    return this.closer.open('Temporal', opening, (temporal) => temporal.close());
  });

  private readonly lifecycleOpening = new Opening<Lifecycle>(async () => {
    const [{ Lifecycle }, temporal] = await Promise.all([
      import('./lifecycle.js'),
      this.temporal(),
    ]);
    const { taskQueue } = this.config;
    const actorKey = readSubkey(this.config, 'actors');
    return new Lifecycle(temporal, { taskQueue, actorKey, ...this.options });
  });

  constructor(
    readonly config: Config,
    private readonly options: ServiceOptions = {},
  ) {
    const { role = 'client' } = options;
    this.role = role;
    this.as = AS[role];
    this.addresses = addressesFor(config, role);
  }

  get database(): Database {
    if (this.databaseOpened === undefined) {
      const opened = openDatabase(this.addresses.database, this.as);
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

  lifecycle(): Promise<Lifecycle> {
    return this.lifecycleOpening.get();
  }

  /** Never rejects. A connection that is still opening closes as soon as it is open. */
  close(): Promise<void> {
    return this.closer.close();
  }
}

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

export class Connections {
  readonly addresses: Addresses;
  private databaseOpened: Database | undefined;
  private redisOpening: Promise<Redis> | undefined;
  private natsOpening: Promise<NatsConnection> | undefined;
  private temporalOpening: Promise<TemporalClient> | undefined;

  constructor(readonly config: Config) {
    this.addresses = addressesFor(config, 'client');
  }

  get database(): Database {
    return (this.databaseOpened ??= openDatabase(this.addresses.database, { name: 'bd', max: 4 }));
  }

  redis(): Promise<Redis> {
    return (this.redisOpening ??= import('../platform/redis.js').then(({ openRedis }) =>
      openRedis(this.addresses.redis, 'bd'),
    ));
  }

  nats(): Promise<NatsConnection> {
    return (this.natsOpening ??= import('../platform/nats.js').then(({ openNats }) =>
      openNats(this.addresses.nats, 'bd'),
    ));
  }

  temporal(): Promise<TemporalClient> {
    return (this.temporalOpening ??= import('../platform/temporal.js').then(({ openTemporal }) =>
      openTemporal(this.addresses.temporal, this.config.namespace),
    ));
  }

  async close(): Promise<void> {
    await Promise.allSettled([
      this.databaseOpened?.close(),
      this.redisOpening?.then((redis) => {
        redis.disconnect();
      }),
      this.natsOpening?.then(async (nc) => {
        const { closeNats } = await import('../platform/nats.js');
        await closeNats(nc);
      }),
      this.temporalOpening?.then((temporal) => temporal.close()),
    ]);
  }
}

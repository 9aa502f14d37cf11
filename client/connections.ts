/** The client's connections, each opened when a call first needs it: a list needs neither Temporal nor NATS. */
import type { Config } from '../platform/config.js';
import { closeNats, openNats, type NatsConnection } from '../platform/nats.js';
import { closeRedis, openRedis, type Redis } from '../platform/redis.js';
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
    return (this.redisOpening ??= openRedis(this.addresses.redis, 'bd'));
  }

  nats(): Promise<NatsConnection> {
    return (this.natsOpening ??= openNats(this.addresses.nats, 'bd'));
  }

  /** The import alone costs some 300 ms. */
  temporal(): Promise<TemporalClient> {
    return (this.temporalOpening ??= import('../platform/temporal.js').then(({ openTemporal }) =>
      openTemporal(this.addresses.temporal, this.config.namespace),
    ));
  }

  async close(): Promise<void> {
    await Promise.allSettled([
      this.databaseOpened?.close(),
      this.redisOpening?.then(closeRedis),
      this.natsOpening?.then(closeNats),
      this.temporalOpening?.then((temporal) => temporal.close()),
    ]);
  }
}

/** Restores a server's lost data after its restart. */
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../platform/log.js';
import type { Redis } from '../platform/redis.js';
import { retryUntil } from '../platform/retry.js';
import { distributeRoutes } from '../routes/distribution.js';
import type { Resources } from '../resources/index.js';
import type { Database } from '../store/database.js';
import { listSandboxes } from '../store/sandboxes.js';

export interface ReconcileContext {
  readonly database: Database;
  readonly redis: Redis;
  readonly installation: string;
  readonly resources: Resources;
  readonly log: Logger;
}

/**
 * A restart of Redis loses its ACL users, a flush the route table. So every (re)connection writes
 * both again: one run at a time, repeated until it succeeds.
 */
export function reconcileRedis(context: ReconcileContext): { close(): void } {
  const { database, redis, installation, resources, log } = context;
  const closing = new AbortController();
  let wanted = 0;
  let running = false;

  async function run(): Promise<void> {
    await distributeRoutes(database, redis, installation);
    const rows = await listSandboxes(database, { status: ['running'] });
    for (const { sandboxId, rotation, createdAt } of rows) {
      // A sandbox that is being destroyed refuses, as it should.
      await resources
        .get('redis-keyspace')
        .ensure({ sandboxId, rotation, createdAt })
        .catch((error: unknown) => {
          log.debug({ sandboxId, err: messageOf(error) }, 'not re-applied');
        });
    }
    log.info({ sandboxes: rows.length }, 'Redis users and routes re-applied');
  }

  /** A request during a run is served by the next run. */
  async function untilDone(): Promise<void> {
    if (running) return;
    running = true;
    try {
      while (wanted > 0) {
        const goal = wanted;
        await retryUntil(run, { what: 'reconciling Redis', log, signal: closing.signal });
        wanted -= goal;
      }
    } finally {
      running = false;
    }
  }

  const onReady = (): void => {
    wanted += 1;
    // It rejects only when it is closed.
    untilDone().catch(() => undefined);
  };
  redis.on('ready', onReady);
  onReady();
  return {
    close: () => {
      closing.abort();
      redis.off('ready', onReady);
    },
  };
}

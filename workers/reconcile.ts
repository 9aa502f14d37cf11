/** What a worker puts back by itself when a server has come back without its memory. */
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
 * ACL users vanish with a Redis restart and the route table with a flush: on every (re)connection both are
 * written again. Runs one at a time and again until it succeeds.
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
      // One that is being destroyed meanwhile refuses, as it should.
      await resources
        .get('redis-keyspace')
        .ensure({ sandboxId, rotation, createdAt })
        .catch((error: unknown) => {
          log.debug({ sandboxId, err: messageOf(error) }, 'not re-applied');
        });
    }
    log.info({ sandboxes: rows.length }, 'Redis users and routes re-applied');
  }

  /** What is wanted while one runs is done by the next one. */
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

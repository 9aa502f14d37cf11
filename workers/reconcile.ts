/** What a worker puts back by itself when a server has come back without its memory. */
import { messageOf } from '../domain/errors.js';
import { delay } from '../platform/deadline.js';
import type { Logger } from '../platform/log.js';
import type { Redis } from '../platform/redis.js';
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
  let closed = false;
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

  async function untilDone(): Promise<void> {
    if (running) return;
    running = true;
    for (let done = 0, attempt = 0; done < wanted && !closed;) {
      const goal = wanted;
      try {
        await run();
        done = goal;
        if (done === wanted) wanted = done = 0;
      } catch (error) {
        log.warn({ err: messageOf(error) }, 'Redis could not be reconciled yet');
        attempt += 1;
        await delay(Math.min(200 * 2 ** attempt, 5_000));
      }
    }
    running = false;
  }

  const onReady = (): void => {
    wanted += 1;
    void untilDone();
  };
  redis.on('ready', onReady);
  onReady();
  return {
    close: () => {
      closed = true;
      redis.off('ready', onReady);
    },
  };
}

/**
 * Ends connections to Redis if a sandbox has too many, or if too many have not logged in. The
 * server limits all together (default 10,000), but not one user.
 */
import { sandboxIdIn } from '../../domain/names.js';
import type { Logger } from '../../platform/log.js';
import type { Redis } from '../../platform/redis.js';
import { MAX_REDIS_CONNECTIONS } from './limits.js';
import { lookEvery, type GuardMetrics } from '../guard.js';

/** For a list the server formats each connection, and answers no other client meanwhile. */
const INTERVAL_MS = 2_000;
/**
 * The longest accepted line of the list; it contains the client's name. Longer ones could make the
 * list exceed the server's limit for unread answers (64 MB), which would end our connection.
 */
const MAX_LINE = 4_096;
/**
 * Portions by connection numbers, if the whole list is too long; then smaller ones around the
 * longest.
 */
const PORTIONS = [1_000, 30, 1];
/** The newest numbers that are searched. */
const MAX_NUMBERS = 1_000_000;

interface Connection {
  readonly id: number;
  readonly user: string;
  readonly length: number;
}

interface Connections {
  readonly seen: readonly Connection[];
  /** Numbers of connections whose line alone is too long. */
  readonly unseen: readonly number[];
}

const connectionsIn = (list: string): Connection[] =>
  list.split('\n').flatMap((line) => {
    const [, id, user] = /^id=(\d+) .* user=(\S+)/.exec(line) ?? [];
    return id === undefined || user === undefined
      ? []
      : [{ id: Number(id), user, length: line.length }];
  });

/** Looks until it is closed. Logs and counts ended connections and failed looks. */
export function guardConnections(
  redis: Redis,
  metrics: GuardMetrics,
  log: Logger,
): { close(): void } {
  // Its own connection: a too long answer ends it, and on the worker's connection all waiting
  // commands would fail.
  const own = redis.duplicate({ lazyConnect: false, maxRetriesPerRequest: 0 });
  own.on('error', () => undefined);
  let newestKnown = 0;
  let known: number[] = [];

  const list = async (...which: (string | number)[]): Promise<Connection[]> =>
    connectionsIn(String(await own.call('CLIENT', 'LIST', ...which)));

  async function inPortions(ids: readonly number[], portions = PORTIONS): Promise<Connections> {
    const [size = 1, ...smaller] = portions;
    const [seen, unseen]: [Connection[], number[]] = [[], []];
    for (let start = 0; start < ids.length; start += size) {
      const portion = ids.slice(start, start + size);
      try {
        seen.push(...(await list('ID', ...portion)));
      } catch {
        // Throws if the server itself does not answer.
        await own.ping();
        const rest =
          size === 1 ? { seen: [], unseen: portion } : await inPortions(portion, smaller);
        seen.push(...rest.seen);
        unseen.push(...rest.unseen);
      }
    }
    return { seen, unseen };
  }

  async function allConnections(): Promise<Connections> {
    try {
      return { seen: await list(), unseen: [] };
    } catch {
      const newest = await own.client('ID');
      const count = Math.min(newest - newestKnown, MAX_NUMBERS);
      return inPortions([...known, ...Array.from({ length: count }, (_, i) => newest - i)]);
    }
  }

  /** True if the `default` user is off. Then a connection shown as `default` has not logged in. */
  async function defaultIsOff(): Promise<boolean> {
    const facts = (await own.call('ACL', 'GETUSER', 'default').catch(() => null)) as
      unknown[] | null;
    return Array.isArray(facts?.[1]) && facts[1].includes('off');
  }

  async function end(
    what: string,
    why: string,
    ...filter: [string, string | number]
  ): Promise<void> {
    await own.call('CLIENT', 'KILL', ...filter);
    metrics.sessionsEnded('connections');
    log.warn({ user: what }, `connections to Redis ended: ${why}`);
  }

  async function look(): Promise<void> {
    const { seen, unseen } = await allConnections();
    known = seen.map(({ id }) => id);
    newestKnown = known.reduce((most, id) => Math.max(most, id), 0);
    for (const id of unseen) await end('unknown', 'its name is too long', 'ID', id);
    const counts = new Map<string, number>();
    for (const { id, user, length } of seen) {
      counts.set(user, (counts.get(user) ?? 0) + 1);
      if (length > MAX_LINE && sandboxIdIn(user, 'sandbox_') !== null)
        await end(user, 'its name is too long', 'ID', id);
    }
    for (const [user, count] of counts) {
      if (count <= MAX_REDIS_CONNECTIONS) continue;
      const foreign =
        user === 'default' ? await defaultIsOff() : sandboxIdIn(user, 'sandbox_') !== null;
      if (foreign) await end(user, `there were ${count}`, 'USER', user);
    }
  }

  const looks = lookEvery(INTERVAL_MS, 'connections', look, { metrics, log });
  return {
    close() {
      looks.close();
      own.disconnect();
    },
  };
}

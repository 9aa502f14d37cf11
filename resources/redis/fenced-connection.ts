/** A connection for transactions that WATCH keys. */
import type { Redis } from '../../platform/redis.js';

/**
 * WATCH belongs to a connection, so this one serves one caller at a time. After a failure it is
 * replaced: an old watched key would fail the next caller's EXEC.
 */
export function fencedConnection(
  redis: Redis,
): (work: (connection: Redis) => Promise<void>) => Promise<void> {
  let connection: Redis | undefined;
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = tail.then(async () => {
      connection ??= duplicateOf(redis);
      try {
        await work(connection);
      } catch (error) {
        connection.disconnect();
        connection = undefined;
        throw error;
      }
    });
    tail = turn.catch(() => undefined);
    return turn;
  };
}

function duplicateOf(redis: Redis): Redis {
  const connection = redis.duplicate({ lazyConnect: false });
  connection.on('error', () => undefined);
  const endToo = (): void => {
    connection.disconnect();
  };
  redis.once('end', endToo);
  connection.once('end', () => redis.off('end', endToo));
  return connection;
}

/** Connections to Redis (or Valkey), and the meaning of its errors. */
import { Redis, type RedisOptions } from 'ioredis';
import { SandboxError, unreachable } from '../domain/errors.js';
import { redisAddress } from './addresses/redis.js';
import { withDeadline } from './deadline.js';
import { cannotUse } from './unreachable.js';

export type { ChainableCommander, Redis } from 'ioredis';

/** An address in ioredis' form. Its own parser takes settings from the URL's parameters. */
export function redisServer(url: string): RedisOptions {
  const { host, port, tls, user, password } = redisAddress(url);
  return {
    host,
    port,
    ...(tls ? { tls: { host } } : {}),
    ...(user === null ? {} : { username: user }),
    ...(password === null ? {} : { password }),
  };
}

/**
 * Connected and usable, or SANDBOX_009 within 5 s. A command during a reconnect waits at most its
 * own time-out. Callers retry, so every command here is idempotent.
 */
export async function openRedis(url: string, name: string): Promise<Redis> {
  const redis = new Redis({
    ...redisServer(url),
    lazyConnect: true,
    connectionName: name,
    connectTimeout: 4_000,
    commandTimeout: 5_000,
    maxRetriesPerRequest: 1,
    enableReadyCheck: false,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000),
  });
  // Without a listener ioredis writes to the console. Each command reports its own failure.
  let last: unknown;
  redis.on('error', (error) => {
    last = error;
  });
  try {
    await withDeadline(redis.connect(), 4_500, 'Redis');
    await withDeadline(redis.ping(), 4_500, 'Redis');
    return redis;
  } catch (error) {
    redis.disconnect();
    throw cannotUse('redis', last ?? error);
  }
}

export function closeRedis(redis: Redis): void {
  redis.disconnect();
}

const CONNECTION_ERRORS =
  /ECONN|EPIPE|Connection is closed|max retries per request|Command timed out|ETIMEDOUT/;

/** Runs `work`. Turns an outage into SANDBOX_009; other errors stay. */
export async function inRedis<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    const text = error instanceof Error ? `${error.name} ${error.message}` : '';
    throw CONNECTION_ERRORS.test(text) || text.startsWith('MaxRetriesPerRequestError')
      ? unreachable('redis', error)
      : error;
  }
}

/**
 * Two sandboxes, and connections with their credentials, as a bot opens them with the plain
 * drivers.
 */
import { Redis } from 'ioredis';
import { connect, type ConnectionOptions, type NatsConnection } from 'nats';
import pg from 'pg';
import type { Control } from '../../../domain/control.js';
import { delay } from '../../../platform/deadline.js';

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A variable of the environment; fails if it is absent. */
export function variable(env: Readonly<Record<string, string>>, name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export async function makeTenant(
  client: Control,
  options: { ttl?: string; guildIds?: string[]; template?: string } = {},
): Promise<Tenant> {
  const { id, name } = await client.create({ ttl: '1h', ...options });
  const { environment } = await client.connection(id);
  return { id, name, env: environment };
}

export async function postgresAs(env: Readonly<Record<string, string>>): Promise<pg.Client> {
  const connection = new pg.Client({
    connectionString: variable(env, 'DATABASE_URL'),
    connectionTimeoutMillis: 5_000,
  });
  connection.on('error', () => undefined);
  await connection.connect();
  return connection;
}

export async function redisAs(env: Readonly<Record<string, string>>): Promise<Redis> {
  const connection = new Redis(variable(env, 'REDIS_URL'), {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  connection.on('error', () => undefined);
  try {
    await connection.connect();
    await connection.ping();
  } catch (error) {
    connection.disconnect();
    throw error;
  }
  return connection;
}

/** The plain client with user and password, as in any language. */
export function natsAs(
  env: Readonly<Record<string, string>>,
  more: Partial<ConnectionOptions> = {},
): Promise<NatsConnection> {
  const url = new URL(variable(env, 'NATS_URL'));
  return connect({
    servers: url.host,
    user: url.username,
    pass: decodeURIComponent(url.password),
    inboxPrefix: variable(env, 'NATS_INBOX_PREFIX'),
    reconnect: false,
    timeout: 5_000,
    ...more,
  });
}

/**
 * Waits until `gone` holds, and returns the milliseconds. Fails after 10 s: isolation.md promises 2
 * s, on a machine that is not busy.
 */
export async function soon(gone: () => Promise<boolean> | boolean): Promise<number> {
  const since = performance.now();
  while (!(await gone())) {
    if (performance.now() - since > 10_000) throw new Error('not within 10 s');
    await delay(10);
  }
  return performance.now() - since;
}

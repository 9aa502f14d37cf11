/** A sandbox's own connections, with the credentials of `connect`. Closed when the test ends. */
import { onTestFinished } from 'vitest';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Control } from '../../domain/control.js';

export interface Tenant {
  readonly env: Readonly<Record<string, string>>;
  readonly sql: pg.Client;
  readonly redis: Redis;
}

export async function openTenant(client: Control, sandboxId: string): Promise<Tenant> {
  const { environment: env } = await client.connection(sandboxId);
  const sql = await openTenantSql(env.DATABASE_URL ?? '');
  const redis = new Redis(env.REDIS_URL ?? '', {
    enableReadyCheck: false,
    retryStrategy: () => null,
    lazyConnect: true,
  });
  redis.on('error', () => undefined);
  onTestFinished(() => {
    redis.disconnect();
  });
  await redis.connect();
  return { env, sql, redis };
}

export async function openTenantSql(url: string): Promise<pg.Client> {
  const sql = new pg.Client({ connectionString: url });
  sql.on('error', () => undefined);
  onTestFinished(() => sql.end().catch(() => undefined));
  await sql.connect();
  return sql;
}

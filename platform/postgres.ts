/** Connections to Postgres: the `postgres` driver for the control plane. */
import postgres from 'postgres';
import { SandboxError, unreachable } from '../domain/errors.js';
import { withDeadline } from './deadline.js';

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;

export interface PostgresOptions {
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly max?: number;
}

/** A pool; it connects at the first query. Notices are dropped: DDL with IF EXISTS is chatty. */
export function openPostgres(url: string, { name, max = 10 }: PostgresOptions): Sql {
  return postgres(url, {
    max,
    connect_timeout: 5,
    idle_timeout: 60,
    onnotice: () => undefined,
    connection: { application_name: name },
  });
}

/** Bounded, since `end()` may never resolve after a reset (traps.md 23). */
export async function closePostgres(sql: Sql): Promise<void> {
  await withDeadline(sql.end({ timeout: 2 }), 3_000, 'Postgres').catch(() => undefined);
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'ETIMEDOUT',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '08000',
  '08003',
  '08006',
]);

/** The code of a Postgres or socket error, also where Drizzle has wrapped it. */
export function postgresCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
  }
  return undefined;
}

/** SANDBOX_009 for what means "the server is not there"; anything else unchanged. */
export function asPostgresError(error: unknown): unknown {
  if (error instanceof SandboxError) return error;
  const code = postgresCode(error);
  if (code !== undefined && CONNECTION_CODES.has(code)) return unreachable('Postgres', error);
  if (code === '28P01' || code === '28000') {
    return unreachable(
      'Postgres',
      error,
      'The server refuses these credentials: check DATABASE_URL.',
    );
  }
  if (error instanceof Error && error.name === 'DeadlineError')
    return unreachable('Postgres', error);
  return error;
}

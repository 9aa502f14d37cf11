/** The control plane's database: Drizzle over the `postgres` driver, and what its errors mean. */
import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { isErrorCode, messageOf, SandboxError } from '../domain/errors.js';
import {
  asPostgresError,
  closePostgres,
  isFatal,
  openPostgres,
  postgresCode,
  withoutStatement,
  type Sql,
} from '../platform/postgres.js';
import { DdlSessions } from './ddl-sessions.js';
import * as schema from './schema.js';

export interface Database {
  readonly db: PostgresJsDatabase<typeof schema>;
  /**
   * For what is better said in SQL: functions, locks, the catalogue. JSON goes in as text (`…::text::jsonb`): Drizzle has
   * switched the driver's own serialisers off, and a parameter that cannot be serialised leaves the connection stuck for good.
   */
  readonly sql: Sql;
  /** Runs `work` on a session for DDL (ddl-sessions.ts). */
  readonly ddl: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  close(): Promise<void>;
}

/** Enough for the DDL of a burst: more sessions of DDL wait for each other's locks. */
const DDL_SESSIONS = 8;

export function openDatabase(url: string, options: { name: string; max?: number }): Database {
  const sql = openPostgres(url, options);
  const max = Math.min(DDL_SESSIONS, options.max ?? DDL_SESSIONS);
  const sessions = new DdlSessions(() => openPostgres(url, { name: `${options.name} ddl`, max }));
  return {
    ...{ db: drizzle(sql, { schema }), sql },
    ddl: (work) => sessions.use(work),
    async close() {
      await Promise.all([closePostgres(sql), sessions.close()]);
    },
  };
}

/** Our SQL raises `SB0nn` for what is SANDBOX_0nn. */
function codeOf(sqlState: string | undefined): string | undefined {
  return sqlState?.startsWith('SB0') === true ? `SANDBOX_${sqlState.slice(2)}` : undefined;
}

/** Facts that our SQL gives with an exception, as JSON in its DETAIL. */
function detailsOf(error: unknown): Record<string, unknown> {
  if (typeof error !== 'object' || error === null || !('detail' in error)) return {};
  const text = error.detail;
  return typeof text === 'string' && text.startsWith('{')
    ? (JSON.parse(text) as Record<string, unknown>)
    : {};
}

/** Undefined table, function, type: the migration has not been here. */
const NOT_MIGRATED = new Set(['42P01', '42883', '42704']);

/** At the start of a session the same codes say that a parameter of the address, or a setting, is not known. */
const isNotMigrated = (error: unknown): boolean =>
  NOT_MIGRATED.has(postgresCode(error) ?? '') && !isFatal(error);

/**
 * Runs `work`; failures come out typed (SANDBOX_009 for a server that is away), and none with its statement: Drizzle's own
 * message is the statement with all its parameters. Anything else as it was.
 */
export async function inDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const root =
      thrown instanceof DrizzleQueryError ? (thrown.cause ?? new Error('a query failed')) : thrown;
    const error = withoutStatement(root);
    const code = codeOf(postgresCode(root));
    if (isErrorCode(code))
      throw new SandboxError(code, messageOf(error), { cause: error, details: detailsOf(root) });
    if (isNotMigrated(root)) {
      throw new SandboxError(
        'SANDBOX_009',
        `Postgres lacks what this version needs: ${messageOf(error)}`,
        {
          hint: 'Run `bd migrate` as an administrator of the database.',
          details: { dependency: 'postgres' },
          cause: error,
        },
      );
    }
    throw asPostgresError(error);
  }
}

/**
 * The control plane's database: Drizzle on the `postgres` driver, and the meaning of its errors.
 */
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
   * For functions, locks and the catalogue. Pass JSON as text (`…::text::jsonb`): Drizzle turns the
   * driver's serialisers off, and a parameter that cannot be serialised blocks the connection for
   * good.
   */
  readonly sql: Sql;
  /** Runs `work` on a session for DDL (ddl-sessions.ts). */
  readonly ddl: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  close(): Promise<void>;
}

/** Enough for the DDL of a burst. More sessions would wait for each other's locks. */
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

/** Our SQL raises `SB0nn` for SANDBOX_0nn. */
function codeOf(sqlState: string | undefined): string | undefined {
  return sqlState?.startsWith('SB0') === true ? `SANDBOX_${sqlState.slice(2)}` : undefined;
}

/** Facts of our SQL's exception: JSON in its DETAIL. */
function detailsOf(error: unknown): Record<string, unknown> {
  if (typeof error !== 'object' || error === null || !('detail' in error)) return {};
  const text = error.detail;
  return typeof text === 'string' && text.startsWith('{')
    ? (JSON.parse(text) as Record<string, unknown>)
    : {};
}

/** Undefined table, function, type: the database is not migrated. */
const NOT_MIGRATED = new Set(['42P01', '42883', '42704']);

/**
 * At a session's start the same codes mean an unknown parameter of the address, or an unknown
 * setting.
 */
const isNotMigrated = (error: unknown): boolean =>
  NOT_MIGRATED.has(postgresCode(error) ?? '') && !isFatal(error);

/**
 * Runs `work` with typed failures (SANDBOX_009 if the server is away). No error quotes its
 * statement: Drizzle's own message has it with all parameters. Other errors stay.
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

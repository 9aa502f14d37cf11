/** Connections to Postgres: the `postgres` driver for the control plane. */
import postgres from 'postgres';
import { messageOf, SandboxError, unreachable } from '../domain/errors.js';
import { DeadlineError, delay, withDeadline } from './deadline.js';

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;

export interface PostgresOptions {
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly max?: number;
}

/** A pool; it connects at the first query. Notices are dropped: DDL with IF EXISTS is chatty. */
export function openPostgres(url: string, { name, max = 10 }: PostgresOptions): Sql {
  const sql = postgres(url, {
    max,
    connect_timeout: 5,
    // Seconds before attempt n. The driver's own waits grow to 20: a server that is back would be taken for gone.
    backoff: (attempts: number) => Math.min(1, 0.05 * 2 ** attempts),
    idle_timeout: 60,
    onnotice: () => undefined,
    // The driver's own query behind each login: where the connection is reset then, nobody hears of the rejection, and the
    // process ends. It is for arrays as parameters and results; without it `reserve()` may hang (issue #751). We use neither.
    fetch_types: false,
    connection: { application_name: name },
  });
  keepOffDeadConnections(sql);
  return sql;
}

/** Longer than a closing socket takes to say so; an error of another connection waits this long for its ROLLBACK. */
const CLOSING_MS = 1_000;

/**
 * The driver (3.4.9, its issues #1154 and #1208, open) answers an error within a transaction by ROLLBACK, also where the
 * connection is gone. That write throws where nobody can catch it (`isWriteAfterClose`), and the connection stays stuck:
 * after 40 s of Postgres being killed under transactions no query of the pool got through any more. So a transaction
 * whose connection was lost says nothing more; the driver rejects it when the connection has closed.
 */
function keepOffDeadConnections(sql: Sql): void {
  const begin = sql.begin.bind(sql) as (...args: unknown[]) => Promise<unknown>;
  type Work = (tx: Transaction) => unknown;
  const guarded = (...args: unknown[]): Promise<unknown> => {
    const work = args.pop() as Work;
    let over = false;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const all = begin(...args, async (tx: Transaction) => {
      try {
        const result = work(tx);
        return await (Array.isArray(result) ? Promise.all(result) : result);
      } catch (error) {
        if (isConnectionLost(error)) await Promise.race([ended, delay(CLOSING_MS)]);
        // Ended already, by the driver: this is heard by nobody.
        if (over) return await new Promise<never>(() => undefined);
        throw error;
      }
    });
    return all.finally(() => {
      over = true;
      end();
    });
  };
  sql.begin = guarded as Sql['begin'];
}

const LOST_CODES = new Set(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** The connection is gone, or goes now: of the server's own errors the fatal ones. */
function isConnectionLost(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string' && LOST_CODES.has(e.code)) return true;
    if ('severity' in e && (e.severity === 'FATAL' || e.severity === 'PANIC')) return true;
  }
  return false;
}

/**
 * The driver's write on a connection that has closed, thrown from a timer: its query was rejected already, and nothing else
 * is wrong. A process must not end of it (platform/process.ts).
 */
export function isWriteAfterClose(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  if (error.message !== "Cannot read properties of null (reading 'write')") return false;
  const [, frame = ''] = error.stack?.split('\n') ?? [];
  return /nextWrite \(.*\/postgres\/.*\/connection\.js:/.test(frame);
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

/** A failure of Postgres or of the way to it, with nothing of the statement that it came from. */
export class PostgresFailure extends Error {
  override readonly name = 'PostgresFailure';

  constructor(
    message: string,
    /** SQLSTATE, or the socket's. */
    readonly code: string,
  ) {
    super(message);
  }
}

/** Data exceptions and syntax errors: the server's own text quotes the value. */
const QUOTES_A_VALUE = /^(22...|42601)$/;

/**
 * An error of the driver without what hangs on it: the statement and its parameters, the row's values (`detail`), the
 * statements within functions (`where`). Errors travel: into output, logs and a workflow's history. Others: unchanged.
 */
export function withoutStatement(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return error;
  if (!('severity' in error) && !('parameters' in error)) return error;
  return new PostgresFailure(
    QUOTES_A_VALUE.test(error.code) ? `Postgres refuses a value (${error.code})` : messageOf(error),
    error.code,
  );
}

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
  if (code !== undefined && CONNECTION_CODES.has(code)) return unreachable('postgres', error);
  if (code === '28P01' || code === '28000') {
    return unreachable(
      'postgres',
      error,
      'The server refuses these credentials: check DATABASE_URL.',
    );
  }
  if (error instanceof DeadlineError) return unreachable('postgres', error);
  return error;
}

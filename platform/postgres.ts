/** Connections to Postgres: the `postgres` driver for the control plane. */
import postgres from 'postgres';
import { messageOf, SandboxError, unreachable } from '../domain/errors.js';
import { postgresAddress } from './addresses/postgres.js';
import { postgresTls } from './addresses/postgres-tls.js';
import { DeadlineError, delay, withDeadline } from './deadline.js';
import { parseTime } from './postgres-time.js';
import { cannotUse, tlsRefusal } from './unreachable.js';

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;

export interface PostgresOptions {
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly max?: number;
}

/**
 * Settings that change how values read. They win over `ALTER ROLE … SET`. PgBouncer accepts these
 * four and refuses any other at the start; sql/090_sessions.sql fixes the rest for our roles.
 */
const READING = {
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
  client_encoding: 'UTF8',
} as const;

/**
 * An address in the driver's form. The driver's own parser sends unknown parameters to the server.
 */
export function postgresServer(url: string) {
  const address = postgresAddress(url);
  const { host, port, socket, user, password, database } = address;
  return {
    address,
    options: {
      // A list of one: the driver splits a text at each colon, and so an IPv6 address. Its types
      // allow only a text.
      host: [host] as unknown as string,
      port: [port] as unknown as number,
      ...(socket === null ? {} : { path: socket }),
      ...(user === null ? {} : { user }),
      ...(password === null ? {} : { pass: password }),
      ...(database === null ? {} : { database }),
      ssl: postgresTls(address) as NonNullable<postgres.Options<never>['ssl']>,
      ...(address.tls?.direct === true ? { sslnegotiation: 'direct' } : {}),
      prepare: address.prepare,
      connect_timeout: address.connectTimeoutS ?? 5,
      keep_alive: address.keepAliveS ?? 60,
    },
  };
}

/**
 * A pool; it connects at the first query. Notices are dropped: DDL with IF EXISTS makes many.
 * @throws SANDBOX_008 for an invalid address
 */
export function openPostgres(url: string, { name, max = 10 }: PostgresOptions): Sql {
  const { address, options } = postgresServer(url);
  const sql = postgres({
    ...options,
    max,
    // Seconds before attempt n. The driver's own waits grow to 20 s, long after a server is back.
    backoff: (attempts: number) => Math.min(1, 0.05 * 2 ** attempts),
    idle_timeout: 60,
    onnotice: () => undefined,
    // The driver's own query after each login. A reset there is an unhandled rejection and ends the
    // process. It serves array values, and `reserve()` may hang without it (issue #751). We use
    // neither.
    fetch_types: false,
    connection: {
      application_name: address.applicationName ?? name,
      ...READING,
      ...(address.options === null ? {} : { options: address.options }),
    },
    // The driver's own decoder accepts any text that `new Date` accepts.
    types: { date: { to: 1184, from: [1184], serialize: timeText, parse: parseTime } },
  });
  keepOffDeadConnections(sql);
  return sql;
}

const timeText = (value: Date | string): string =>
  typeof value === 'string' ? value : value.toISOString();

/**
 * Longer than a socket takes to report its close. An error on a live connection waits at most this
 * long for its ROLLBACK.
 */
const CLOSING_MS = 1_000;

/**
 * The driver (3.4.9, open issues #1154, #1208) sends ROLLBACK after an error, even on a dead
 * connection. That write throws uncaught (`isWriteAfterClose`) and blocks the connection: after 40
 * s of kills no query of the pool succeeded. So a lost transaction sends nothing more.
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
        // The driver has already rejected the transaction. Nobody awaits this promise.
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

/** The connection is gone or going. Of the server's own errors only FATAL ones count. */
export function isConnectionLost(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string' && LOST_CODES.has(e.code)) return true;
  }
  return isFatal(error);
}

/** FATAL ends the session, at login or later, whatever the code. */
export function isFatal(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause)
    if ('severity' in e && (e.severity === 'FATAL' || e.severity === 'PANIC')) return true;
  return false;
}

/**
 * The driver's write on a closed connection, thrown from a timer. Its query is already rejected,
 * and nothing else is wrong. The process must survive it (platform/process.ts).
 */
export function isWriteAfterClose(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  if (error.message !== "Cannot read properties of null (reading 'write')") return false;
  const [, frame = ''] = error.stack?.split('\n') ?? [];
  return /nextWrite \(.*\/postgres\/.*\/connection\.js:/.test(frame);
}

/** Bounded, because `end()` may never resolve after a reset. */
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

/** A failure of Postgres or its connection, without any text of the statement. */
export class PostgresFailure extends Error {
  override readonly name = 'PostgresFailure';

  constructor(
    message: string,
    /** SQLSTATE, or the socket's code. */
    readonly code: string,
    /** The server's severity: FATAL ends the session. Empty if the error is not the server's. */
    readonly severity: string,
  ) {
    super(message);
  }
}

/** Data exceptions and syntax errors: the server's text quotes the value. */
const QUOTES_A_VALUE = /^(22...|42601)$/;

/**
 * A driver's error without statement, parameters, row values (`detail`) and function statements
 * (`where`). Errors reach output, logs and a workflow's history. Other errors stay.
 */
export function withoutStatement(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return error;
  if (!('severity' in error) && !('parameters' in error)) return error;
  return new PostgresFailure(
    QUOTES_A_VALUE.test(error.code) ? `Postgres refuses a value (${error.code})` : messageOf(error),
    error.code,
    'severity' in error ? String(error.severity) : '',
  );
}

/** The code of a Postgres or socket error, also inside Drizzle's error. */
export function postgresCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
  }
  return undefined;
}

/** Refusals by the settings of a server that answers. */
const SETTINGS: Readonly<Record<string, string>> = {
  '25006':
    'It takes no writes: name the primary, or take default_transaction_read_only from the role and the database.',
  '57014': 'It ends statements early: raise statement_timeout of the role and the database.',
};

/** SANDBOX_009 if the server cannot be used; other errors stay. */
export function asPostgresError(error: unknown): unknown {
  if (error instanceof SandboxError) return error;
  const code = postgresCode(error) ?? '';
  if (code === '28P01' || code === '28000') {
    return unreachable(
      'postgres',
      error,
      'The server refuses these credentials: check DATABASE_URL.',
    );
  }
  if (SETTINGS[code] !== undefined) return unreachable('postgres', error, SETTINGS[code]);
  if (tlsRefusal('postgres', error) !== null) return cannotUse('postgres', error);
  if (isFatal(error) || CONNECTION_CODES.has(code)) {
    const pooled = /unsupported startup parameter/.test(messageOf(error));
    return unreachable('postgres', error, pooled ? POOLER : undefined);
  }
  return error instanceof DeadlineError ? unreachable('postgres', error) : error;
}

const POOLER = 'A pooler refuses a parameter of the address: see docs/addresses.md.';

/** Reads a schema of a live database. */
import { messageOf, SandboxError } from '../domain/errors.js';
import { postgresCode, type Sql, type Transaction } from '../platform/postgres.js';
import { piecesOf } from './assemble.js';
import { readDependencies } from './dependencies.js';
import { readTexts } from './deparse.js';
import { fingerprintOf } from './fingerprint.js';
import { ordered } from './order.js';
import { referencesOf } from './references.js';
import { readRows } from './rows.js';
import type { Scope } from './scope.js';
import { prepareReading } from './session.js';
import { readSource } from './source.js';
import type { SchemaReading } from './statement.js';

export interface ReadOptions {
  /** Readings, while other sessions change or lock the schema. Default 3. */
  readonly attempts?: number;
}

/**
 * The statements that make the same objects in another schema (catalogue/apply.ts), in one order
 * for equal schemas. The session needs no right on the schema, and for a tenant's it should have
 * none. No row is read, and no code of the schema runs. With refusals, a copy is not possible.
 * @throws SANDBOX_004 if the schema does not exist
 * @throws SANDBOX_007 if other sessions changed or locked the schema during each attempt
 */
export async function readSchema(
  sql: Sql,
  schema: string,
  { attempts = 3 }: ReadOptions = {},
): Promise<SchemaReading> {
  for (let attempt = 1; ; attempt += 1) {
    let before: string | undefined;
    const reading = await readOnly(sql, schema, async (scope) => {
      before = await fingerprintOf(scope);
      return readWhole(scope);
    }).catch((error: unknown) => ({ error }));
    if (before === undefined && 'error' in reading) throw reading.error;
    if (!isLocked(reading) && (await readOnly(sql, schema, fingerprintOf)) === before) {
      if ('error' in reading) throw reading.error;
      return reading;
    }
    if (attempt >= attempts) throw changed(schema, attempts, reading);
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

const isLocked = (reading: object): boolean =>
  'error' in reading && postgresCode(reading.error) === LOCK_NOT_AVAILABLE;

const changed = (schema: string, attempts: number, reading: object): SandboxError =>
  new SandboxError(
    'SANDBOX_007',
    `the schema ${schema} was locked or changed during ${attempts} readings`,
    {
      hint: 'Repeat it when no migration runs.',
      ...('error' in reading ? { cause: messageOf(reading.error) } : {}),
    },
  );

function readOnly<T>(sql: Sql, schema: string, work: (scope: Scope) => Promise<T>): Promise<T> {
  return sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    await prepareReading(tx);
    return work(await scopeOf(tx, schema));
  }) as Promise<T>;
}

async function scopeOf(tx: Transaction, schema: string): Promise<Scope> {
  const [row] = await tx<{ namespace: number | null; version: number }[]>`
    SELECT (SELECT oid FROM pg_namespace WHERE nspname = ${schema}) AS namespace,
      current_setting('server_version_num')::int AS version`;
  if (typeof row?.namespace !== 'number')
    throw new SandboxError('SANDBOX_004', `there is no schema ${JSON.stringify(schema)}`, {
      hint: 'Check its name and the database.',
    });
  return { tx, schema, namespace: row.namespace, version: row.version };
}

async function readWhole(scope: Scope): Promise<SchemaReading> {
  const rows = await readRows(scope);
  const dependencies = await readDependencies(scope);
  const texts = await readTexts(scope, await readSource(scope));
  const { pieces, notes, refusals } = piecesOf(rows, texts, dependencies, scope.schema);
  const { extensions, refusals: outside } = referencesOf(pieces, dependencies, texts.problems);
  const { statements, refusals: cycles } = ordered(pieces, dependencies);
  return {
    statements,
    requires: { extensions },
    notes,
    refusals: [...refusals, ...outside, ...cycles],
  };
}

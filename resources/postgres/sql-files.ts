/** Runs a team's SQL files in a scratch schema, as its role. */
import { messageOf, SandboxError } from '../../domain/errors.js';
import type { SqlFile } from '../../domain/template.js';
import { withLogin } from '../../platform/addresses/login.js';
import {
  closePostgres,
  isConnectionLost,
  isFatal,
  openPostgres,
  postgresCode,
  type Sql,
} from '../../platform/postgres.js';
import { inDatabase } from '../../store/database.js';
import type { RoleLogin } from './template.js';

/** Of SQLSTATE: a full disk, and failures of the server's files. The files are not at fault. */
const OF_SERVER = /^(53100|58...|XX00[12])$/;

/** @throws SANDBOX_008 with the file that failed; SANDBOX_005 if the server failed; SANDBOX_009 */
export async function runFiles(login: RoleLogin, files: readonly SqlFile[]): Promise<void> {
  await inSession(login, async (sql) => {
    const startedAt = await serverStart(sql);
    for (const file of files)
      await runFile(sql, login.schema, file).catch(async (error: unknown) => {
        if (isOfFile(error)) throw failed(file, error);
        if (!isConnectionLost(error)) throw error;
        // Another attempt helps against a restart, and not against a session that was ended.
        const isSame = await inSession(login, serverStart).then((now) => now === startedAt);
        throw isSame ? ended(file, error) : error;
      });
  });
}

async function inSession<T>(
  { databaseUrl, role, password }: RoleLogin,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = openPostgres(withLogin(databaseUrl, role, password), { name: 'bd template', max: 1 });
  try {
    return await inDatabase(() => work(sql));
  } finally {
    await closePostgres(sql);
  }
}

async function serverStart(sql: Sql): Promise<string> {
  const [row] = await sql<[{ at: string }]>`
    SELECT pg_catalog.pg_postmaster_start_time()::pg_catalog.text AS at`;
  return row.at;
}

async function runFile(sql: Sql, schema: string, file: SqlFile): Promise<void> {
  // Extensions lie in schemas of their own; a file names their functions without a schema. An
  // earlier file may have changed the path.
  const [row] = await sql<{ extensions: string | null }[]>`
    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ') AS extensions
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE n.nspname <> 'pg_catalog' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')`;
  const path = [`"${schema}"`, ...(row?.extensions == null ? [] : [row.extensions]), 'pg_temp'];
  await sql`SELECT pg_catalog.set_config('search_path', ${path.join(', ')}, false)`;
  await sql.unsafe(file.sql).simple();
}

/** Not of the connection, which another attempt makes anew. */
const isOfFile = (error: unknown): boolean =>
  error instanceof Error && 'severity' in error && !isFatal(error);

/** By the lock guard most probably (lock-guard.ts): the driver may lose the server's reason. */
const ended = ({ name }: SqlFile, cause: unknown): SandboxError =>
  new SandboxError(
    'SANDBOX_008',
    `${name}: its session was ended, most probably because it took a quarter of Postgres’ lock table`,
    {
      hint: 'A file is one transaction, and each table takes several locks: split the file.',
      ...{ details: { file: name }, cause },
    },
  );

function failed({ name, sql }: SqlFile, error: unknown): SandboxError {
  const position = Number((error as { position?: string }).position ?? NaN);
  const line = Number.isNaN(position) ? '' : `, line ${sql.slice(0, position).split('\n').length}`;
  const message = `${name}${line}: ${messageOf(error)}`;
  const facts = { details: { file: name }, cause: error };
  if (OF_SERVER.test(postgresCode(error) ?? ''))
    return new SandboxError('SANDBOX_005', message, facts);
  return new SandboxError('SANDBOX_008', message, {
    hint: 'The files run as a role without rights outside of its own schema: name no schema, and leave out extensions, roles and psql commands.',
    ...facts,
  });
}

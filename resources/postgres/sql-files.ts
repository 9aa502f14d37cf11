/** Runs a team's SQL files in a scratch schema, as its role. */
import { messageOf, SandboxError } from '../../domain/errors.js';
import type { SqlFile } from '../../domain/template.js';
import { withLogin } from '../../platform/addresses/login.js';
import {
  closePostgres,
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
export async function runFiles(
  { databaseUrl, role, password, schema }: RoleLogin,
  files: readonly SqlFile[],
): Promise<void> {
  const sql = openPostgres(withLogin(databaseUrl, role, password), { name: 'bd template', max: 1 });
  try {
    await inDatabase(() => runAll(sql, schema, files));
  } finally {
    await closePostgres(sql);
  }
}

async function runAll(sql: Sql, schema: string, files: readonly SqlFile[]): Promise<void> {
  // Extensions lie in schemas of their own; a file names their functions without a schema.
  const [row] = await sql<{ extensions: string | null }[]>`
    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ') AS extensions
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE n.nspname <> 'pg_catalog' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')`;
  const path = [`"${schema}"`, ...(row?.extensions == null ? [] : [row.extensions]), 'pg_temp'];
  for (const file of files) {
    // A file may have changed it.
    await sql`SELECT pg_catalog.set_config('search_path', ${path.join(', ')}, false)`;
    await sql
      .unsafe(file.sql)
      .simple()
      .catch((error: unknown) => {
        throw failed(file, error);
      });
  }
}

/** The server is away, or ended the session: a guard does that to one with too many locks. */
const isOfConnection = (error: unknown): boolean =>
  !(error instanceof Error && 'severity' in error) || isFatal(error);

function failed({ name, sql }: SqlFile, error: unknown): SandboxError {
  const position = Number((error as { position?: string }).position ?? NaN);
  const line = Number.isNaN(position) ? '' : `, line ${sql.slice(0, position).split('\n').length}`;
  const message = `${name}${line}: ${messageOf(error)}`;
  const facts = { details: { file: name }, cause: error };
  if (isOfConnection(error))
    return new SandboxError('SANDBOX_005', message, {
      hint: 'If the server was not restarted, the file takes too many locks at once: split it into files of some hundred tables.',
      ...facts,
    });
  if (OF_SERVER.test(postgresCode(error) ?? ''))
    return new SandboxError('SANDBOX_005', message, facts);
  return new SandboxError('SANDBOX_008', message, {
    hint: 'The files run as a role without rights outside of its own schema: name no schema, and leave out extensions, roles and psql commands.',
    ...facts,
  });
}

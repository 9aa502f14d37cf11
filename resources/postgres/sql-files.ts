/** Runs a team's SQL files in a scratch schema, as its role. */
import { messageOf, SandboxError } from '../../domain/errors.js';
import type { SqlFile } from '../../domain/template.js';
import { withLogin } from '../../platform/addresses/login.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { inDatabase } from '../../store/database.js';
import type { RoleLogin } from './template.js';

/** @throws SANDBOX_008 with the file that failed; SANDBOX_009 */
export async function runFiles(
  { databaseUrl, role, password, schema }: RoleLogin,
  files: readonly SqlFile[],
): Promise<void> {
  const sql = openPostgres(withLogin(databaseUrl, role, password), { name: 'bd template', max: 1 });
  try {
    // Extensions lie in schemas of their own; a file names their functions without a schema.
    const [row] = await inDatabase(
      () => sql<{ extensions: string | null }[]>`
        SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ') AS extensions
        FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
        WHERE n.nspname <> 'pg_catalog' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')`,
    );
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
  } finally {
    await closePostgres(sql);
  }
}

function failed({ name, sql }: SqlFile, error: unknown): SandboxError {
  const position = Number((error as { position?: string }).position ?? NaN);
  const line = Number.isNaN(position) ? '' : `, line ${sql.slice(0, position).split('\n').length}`;
  return new SandboxError('SANDBOX_008', `${name}${line}: ${messageOf(error)}`, {
    hint: 'The files run as a role without rights outside of its own schema: name no schema, and leave out extensions, roles and psql commands.',
    details: { file: name },
    cause: error,
  });
}

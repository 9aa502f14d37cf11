/**
 * Runs a template's text in a session of the sandbox's own role. The text is foreign code: under
 * the control plane's role it would have the control plane's rights (docs/isolation.md).
 */
import { applyStatements } from '../../catalogue/apply.js';
import type { Statement } from '../../catalogue/statement.js';
import { SandboxError } from '../../domain/errors.js';
import { withLogin } from '../../platform/addresses/login.js';
import { closePostgres, openPostgres, type Sql } from '../../platform/postgres.js';
import { inDatabase } from '../../store/database.js';
import type { StoredTemplate } from '../../store/templates.js';

/**
 * Statements of one transaction. A table with its indexes and its TOAST table takes about six
 * locks, and a quarter of the lock table is too much for one role (lock-guard.ts). An attempt that
 * stops between two transactions is cleared by the next one (sql/055_templates.sql).
 */
const AT_ONCE = 100;

export interface RoleLogin {
  /** The address of the server; its own login is not used. */
  readonly databaseUrl: string;
  readonly role: string;
  readonly password: string;
  readonly schema: string;
}

/** @throws SANDBOX_005 with the object that failed, or the extension that lacks; SANDBOX_009 */
export async function runTemplate(
  { databaseUrl, role, password, schema }: RoleLogin,
  { statements, extensions }: StoredTemplate,
): Promise<void> {
  const sql = openPostgres(withLogin(databaseUrl, role, password), { name: 'bd template', max: 1 });
  try {
    await inDatabase(async () => {
      const path = await searchPath(sql, schema, extensions);
      for (let from = 0; from < statements.length; from += AT_ONCE) {
        const some = statements.slice(from, from + AT_ONCE) as readonly Statement[];
        await sql.begin(async (tx) => {
          await tx`SELECT pg_catalog.set_config('search_path', ${path}, true)`;
          await applyStatements(tx, some);
        });
      }
    });
  } finally {
    await closePostgres(sql);
  }
}

/** The schema, those of the extensions, and temporary tables last: they would hide the copy's. */
async function searchPath(
  sql: Sql,
  schema: string,
  extensions: readonly string[],
): Promise<string> {
  const rows = await sql<{ name: string; path: string | null }[]>`
    SELECT wanted.name, pg_catalog.quote_ident(n.nspname) AS path
    FROM pg_catalog.json_array_elements_text(${JSON.stringify(extensions)}::pg_catalog.text::pg_catalog.json) AS wanted (name)
      LEFT JOIN pg_catalog.pg_extension e ON e.extname = wanted.name
      LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace`;
  const missing = rows.filter(({ path }) => path === null).map(({ name }) => name);
  if (missing.length > 0) throw lacksExtensions(missing);
  return [`"${schema}"`, ...new Set(rows.map(({ path }) => path)), 'pg_temp'].join(', ');
}

export const lacksExtensions = (missing: readonly string[]): SandboxError =>
  new SandboxError(
    'SANDBOX_005',
    `the template needs extensions that this database lacks: ${missing.join(', ')}`,
    { hint: `An administrator runs \`CREATE EXTENSION ${missing[0] ?? ''} SCHEMA extensions\`.` },
  );

/** The template of the cells' sandboxes: its text takes two transactions, and a kill may come between them. */
import { parseTemplateName, type TemplateStatement } from '../../../domain/template.js';
import { schemaName, type SandboxId } from '../../../domain/names.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';

export const FAULTS_TEMPLATE = parseTemplateName('faults');
const TABLES = 120;

const STATEMENTS: readonly TemplateStatement[] = Array.from({ length: TABLES }, (_, n) => ({
  ...{ phase: 'graph', kind: 'table', name: `t${n}` },
  sql: `CREATE TABLE t${n} (id int${n === 0 ? ' PRIMARY KEY' : ' REFERENCES t0'})`,
}));

/** @param url of an administrator: no worker runs yet that could make it */
export async function putFaultsTemplate(url: string): Promise<void> {
  const sql = openPostgres(url, { name: 'faults', max: 1 });
  try {
    await sql`INSERT INTO sandbox_templates (name, version, source, statements, tables, created_by)
      VALUES (${FAULTS_TEMPLATE}, 1, '{"kind": "sql", "files": []}', ${JSON.stringify(STATEMENTS)}::text::jsonb,
        ${TABLES}, 'test')`;
  } finally {
    await closePostgres(sql);
  }
}

/** Empty if every table is there once, and is the sandbox's own. */
export async function wrongTables(url: string, sandboxId: SandboxId): Promise<string[]> {
  const sql = openPostgres(url, { name: 'faults', max: 1 });
  const schema = schemaName(sandboxId);
  try {
    const [row] = await sql<{ tables: number }[]>`
      SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = ${schema} AND tableowner = ${schema}`;
    return row?.tables === TABLES ? [] : [`${row?.tables ?? 0} of ${TABLES} tables`];
  } finally {
    await closePostgres(sql);
  }
}

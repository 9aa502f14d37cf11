/** Checks a sandbox's schema and role. */
import { counted } from '../../domain/counted.js';
import { schemaName } from '../../domain/names.js';
import { inDatabase, type Database } from '../../store/database.js';
import type { Inspection, ResourceTarget } from '../resource.js';

export async function inspectSchema(
  { sql }: Database,
  { sandboxId }: ResourceTarget,
): Promise<Inspection> {
  const schema = schemaName(sandboxId);
  const [row] = await inDatabase(
    () => sql<
      { schema: boolean; login: boolean | null; tables: string; rows: string; bytes: string }[]
    >`
        SELECT public.sandbox_schema_exists(${sandboxId}) AS schema,
          (SELECT rolcanlogin FROM pg_roles WHERE rolname = ${schema}) AS login,
          s.tables, s.estimated_rows AS rows, s.bytes
        FROM public.sandbox_schema_stats(${sandboxId}) s`,
  );
  if (row?.schema !== true) return { state: 'missing', detail: `schema ${schema} does not exist` };
  if (row.login === null) return { state: 'missing', detail: `role ${schema} does not exist` };
  if (!row.login) return { state: 'error', detail: `role ${schema} may not log in` };
  const facts = {
    tables: Number(row.tables),
    estimatedRows: Number(row.rows),
    bytes: Number(row.bytes),
  };
  return { state: 'ok', detail: `schema ${schema}, ${counted(facts.tables, 'table')}`, facts };
}

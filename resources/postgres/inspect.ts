/** Checks a sandbox's schema and role. */
import { counted } from '../../domain/counted.js';
import { schemaName } from '../../domain/names.js';
import { inDatabase, type Database } from '../../store/database.js';
import type { Inspection, ResourceTarget } from '../resource.js';

interface Row {
  readonly schema: boolean;
  readonly login: boolean | null;
  /** The template, if a create, a reset or a repair has not finished it. */
  readonly unfinished: string | null;
  readonly tables: string;
  readonly rows: string;
  readonly bytes: string;
}

export async function inspectSchema(
  { sql }: Database,
  { sandboxId }: ResourceTarget,
): Promise<Inspection> {
  const schema = schemaName(sandboxId);
  const [row] = await inDatabase(
    () => sql<Row[]>`
        SELECT public.sandbox_schema_exists(${sandboxId}) AS schema,
          (SELECT s.template FROM public.sandboxes s
            JOIN public.sandbox_templates t ON t.name = s.template AND t.version = s.template_version
            WHERE s.id = ${sandboxId} AND s.template_rotation IS DISTINCT FROM s.rotation
              AND t.source->>'kind' <> 'built-in') AS unfinished,
          (SELECT rolcanlogin FROM pg_roles WHERE rolname = ${schema}) AS login,
          s.tables, s.estimated_rows AS rows, s.bytes
        FROM public.sandbox_schema_stats(${sandboxId}) s`,
  );
  if (row?.schema !== true) return { state: 'missing', detail: `schema ${schema} does not exist` };
  if (row.login === null) return { state: 'missing', detail: `role ${schema} does not exist` };
  if (!row.login) return { state: 'error', detail: `role ${schema} may not log in` };
  if (row.unfinished !== null)
    return { state: 'error', detail: `template ${row.unfinished} is not complete` };
  const facts = {
    tables: Number(row.tables),
    estimatedRows: Number(row.rows),
    bytes: Number(row.bytes),
  };
  return { state: 'ok', detail: `schema ${schema}, ${counted(facts.tables, 'table')}`, facts };
}

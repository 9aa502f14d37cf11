/** Extensions: a copy requires them, and uses their objects where they are. */
import type { Sql, Transaction } from '../platform/postgres.js';
import { objectsOf, type Scope } from './scope.js';
import type { ObjectKey } from './statement.js';

/** Those of the named extensions that the database does not have, sorted. */
export async function missingExtensions(
  sql: Sql | Transaction,
  extensions: readonly string[],
): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`SELECT extname AS name FROM pg_catalog.pg_extension`;
  const present = new Set(rows.map(({ name }) => name));
  return extensions.filter((name) => !present.has(name)).sort();
}

/** The extension of each object that an extension has in the schema. */
export async function membersOf(scope: Scope): Promise<ReadonlyMap<ObjectKey, string>> {
  const rows = await scope.tx<{ key: ObjectKey; extension: string }[]>`
    SELECT ours.classid::regclass || ':' || ours.objid AS key, x.extname AS extension
    FROM (${objectsOf(scope)}) ours (classid, objid)
      CROSS JOIN LATERAL (
        SELECT refobjid FROM pg_depend e
        WHERE e.classid = ours.classid AND e.objid = ours.objid AND e.deptype = 'e' OFFSET 0) e
      JOIN pg_extension x ON x.oid = e.refobjid`;
  return new Map(rows.map(({ key, extension }) => [key, extension]));
}

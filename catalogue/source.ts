/** Names of the source schema that need care when its name is taken out of a text. */
import { notOfExtension, type Scope } from './scope.js';
import type { Source } from './target.js';

/** Kinds of objects that a text may name. */
const NAMED = [
  ['pg_class', 'relname', 'relnamespace'],
  ['pg_proc', 'proname', 'pronamespace'],
  ['pg_type', 'typname', 'typnamespace'],
  ['pg_collation', 'collname', 'collnamespace'],
  ['pg_opclass', 'opcname', 'opcnamespace'],
  ['pg_operator', 'oprname', 'oprnamespace'],
] as const;

interface Names {
  readonly hidden: readonly string[];
  readonly members: readonly string[];
  readonly own: boolean;
  readonly both: readonly string[];
}

export async function readSource({ tx, schema, namespace }: Scope): Promise<Source> {
  const names = (condition: (catalogue: string, schemaColumn: string) => unknown) =>
    NAMED.map(([catalogue, name, schemaColumn], i) => [
      i === 0 ? tx`` : tx`UNION`,
      tx`SELECT o.${tx(name)} AS name FROM ${tx(catalogue)} o WHERE`,
      condition(catalogue, schemaColumn),
    ]).flat() as never[];
  const inSchema = (column: string, oid: unknown) => tx`o.${tx(column)} = ${oid as number}`;
  const [row] = await tx<Names[]>`
    WITH own AS (${names((catalogue, column) => tx`${inSchema(column, namespace)} AND ${notOfExtension(tx, catalogue, 'o.oid')}`)}),
    members AS (${names((catalogue, column) => tx`${inSchema(column, namespace)} AND NOT ${notOfExtension(tx, catalogue, 'o.oid')}`)}),
    builtin AS (${names((_, column) => inSchema(column, tx`'pg_catalog'::regnamespace`))})
    SELECT
      (SELECT coalesce(json_agg(name), '[]') FROM own NATURAL JOIN builtin) AS hidden,
      (SELECT coalesce(json_agg(name), '[]') FROM members) AS members,
      (SELECT coalesce(json_agg(name), '[]') FROM own NATURAL JOIN members) AS both,
      EXISTS (SELECT FROM own WHERE name = ${schema}) AS own`;
  return {
    schema,
    hidden: new Set(row?.hidden),
    members: new Set(row?.members),
    shared: new Set(row?.both),
    hasOwnName: row?.own ?? false,
  };
}

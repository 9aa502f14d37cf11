/** Views and materialised views. */
import { columnSettings } from './columns.js';
import type { Texts } from './deparse.js';
import { quoteIdentifier, shownName, withOptions } from './names.js';
import type { Column, Relation } from './relations.js';
import { keyOf } from './scope.js';
import type { Piece } from './statement.js';

export function viewPiece(relation: Relation, columns: readonly Column[], texts: Texts): Piece {
  const view = quoteIdentifier(relation.name);
  // The columns' names again: a column may have been renamed after the view was made.
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return {
    phase: 'graph',
    kind: 'view',
    name: shownName(relation.name),
    sql: `CREATE VIEW ${view}${names === '' ? '' : ` (${names})`}${withOptions(relation.options)} AS\n${queryOf(relation, texts)}`,
    key: keyOf('pg_class', relation.oid),
    comment: `VIEW ${view}`,
    then: columns
      .filter(({ defaultOid }) => defaultOid !== null)
      .map((column) => ({
        phase: 'graph',
        kind: 'default',
        name: shownName(relation.name, column.name),
        sql: `ALTER VIEW ${view} ALTER COLUMN ${quoteIdentifier(column.name)} SET DEFAULT ${texts.get('default', column.relation, column.number)}`,
      })),
  };
}

/** Filled after the rows. A view that was never filled stays so. */
export function materializedViewPieces(
  relation: Relation,
  columns: readonly Column[],
  texts: Texts,
): Piece[] {
  const view = quoteIdentifier(relation.name);
  const name = shownName(relation.name);
  const key = keyOf('pg_class', relation.oid);
  const method = relation.method === null ? '' : ` USING ${quoteIdentifier(relation.method)}`;
  const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
  return [
    {
      phase: 'graph',
      kind: 'materialized view',
      name,
      sql: `CREATE MATERIALIZED VIEW ${view}${names === '' ? '' : ` (${names})`}${method}${withOptions(relation.options)} AS\n${queryOf(relation, texts)}\nWITH NO DATA`,
      key,
      comment: `MATERIALIZED VIEW ${view}`,
      then: columns.flatMap((column) => columnSettings(relation, column)),
    },
    ...(relation.populated
      ? [
          {
            phase: 'states' as const,
            kind: 'materialized view rows',
            name,
            sql: `REFRESH MATERIALIZED VIEW ${view}`,
            key: keyOf('refresh', relation.oid),
            needs: [key],
          },
        ]
      : []),
  ];
}

const queryOf = (relation: Relation, texts: Texts): string =>
  texts.get('query', relation.oid).trimEnd().replace(/;$/, '');

/** Tables: CREATE TABLE with columns and checks, partitions, inheritance, settings. */
import {
  columnDefinition,
  columnSettings,
  unvalidatedNotNull,
  type ColumnParts,
} from './columns.js';
import type { Check } from './constraints.js';
import { quoteIdentifier, shownName, withOptions } from './names.js';
import type { Column, Relation } from './relations.js';
import { keyOf } from './scope.js';
import type { Piece, Statement } from './statement.js';

export interface TableParts extends ColumnParts {
  readonly relations: ReadonlyMap<number, Relation>;
  readonly columns: ReadonlyMap<number, readonly Column[]>;
  readonly checks: ReadonlyMap<number, readonly Check[]>;
  readonly isSeparateCheck: (oid: number) => boolean;
}

export function tablePieces(relation: Relation, parts: TableParts): Piece[] {
  const columns = parts.columns.get(relation.oid) ?? [];
  const checks = parts.checks.get(relation.oid) ?? [];
  const inline = checks.filter((check) => isInline(relation, check, parts));
  const later = checks.filter((check) => check.local && !inline.includes(check));
  return [
    {
      phase: 'graph',
      kind: 'table',
      name: shownName(relation.name),
      sql: createTable(relation, columns, inline, parts),
      key: keyOf('pg_class', relation.oid),
      needs: relation.parents.map((oid) => keyOf('pg_class', oid)),
      comment: `TABLE ${quoteIdentifier(relation.name)}`,
      then: completions(relation, columns, parts),
    },
    ...columns.flatMap((column) => separateDefault(relation, column, parts)),
    ...later.map((check) => laterCheck(relation, check, parts)),
    ...columns
      .filter((column) => column.notNullValid === false && column.notNullLocal === true)
      .map((column) => unvalidatedNotNull(relation, column)),
    ...rowSecurity(relation),
    ...replicaIdentity(relation),
  ];
}

/** A partition is made alone and attached: its columns may have another order than its parent's. */
const isOwnColumn = (relation: Relation, column: Column): boolean =>
  relation.partition || column.local;

/** A child has the NOT NULL of its parent: written again, it would stay when the parent's goes. */
const withoutInherited = (relation: Relation, column: Column): Column =>
  !relation.partition && column.notNullLocal === false ? { ...column, notNull: false } : column;

const isInline = (relation: Relation, check: Check, parts: TableParts): boolean =>
  (relation.partition || check.local) &&
  (check.valid || !check.enforced) &&
  !parts.isSeparateCheck(check.oid);

function createTable(
  relation: Relation,
  columns: readonly Column[],
  checks: readonly Check[],
  parts: TableParts,
): string {
  const lines = [
    ...columns
      .filter((column) => isOwnColumn(relation, column))
      .map((column) => columnDefinition(withoutInherited(relation, column), parts)),
    ...checks.map(
      ({ oid, name }) =>
        `CONSTRAINT ${quoteIdentifier(name)} ${parts.texts.get('constraint', oid)}`,
    ),
  ];
  const key = relation.kind === 'p' ? parts.texts.get('partition key', relation.oid) : null;
  const toast = (relation.toastOptions ?? []).map((option) => `toast.${option}`);
  return [
    `CREATE ${relation.unlogged ? 'UNLOGGED ' : ''}TABLE ${quoteIdentifier(relation.name)}`,
    lines.length === 0 ? ' ()' : ` (\n  ${lines.join(',\n  ')}\n)`,
    relation.partition || relation.parents.length === 0
      ? ''
      : ` INHERITS (${parentNames(relation, parts).join(', ')})`,
    key === null ? '' : ` PARTITION BY ${key}`,
    relation.method === null ? '' : ` USING ${quoteIdentifier(relation.method)}`,
    withOptions([...(relation.options ?? []), ...toast]),
  ].join('');
}

/** A parent of another schema is refused elsewhere (catalogue/references.ts). */
const parentNames = (relation: Relation, { relations }: TableParts): string[] =>
  relation.parents.map((oid) => quoteIdentifier(relations.get(oid)?.name ?? ''));

function completions(
  relation: Relation,
  columns: readonly Column[],
  parts: TableParts,
): Statement[] {
  const table = quoteIdentifier(relation.name);
  const statement = (kind: string, sql: string, ...column: string[]): Statement => ({
    phase: 'graph',
    kind,
    name: shownName(relation.name, ...column),
    sql,
  });
  const type = parts.texts.find('table type', relation.oid);
  const bound = parts.texts.find('partition bound', relation.oid);
  const [parent = ''] = parentNames(relation, parts);
  return [
    ...columns.flatMap((column) => {
      const actions = isOwnColumn(relation, column) ? [] : inheritedColumn(column, parts);
      return actions.map(([kind, action]) =>
        statement(kind, `ALTER TABLE ONLY ${table} ${action}`, column.name),
      );
    }),
    ...columns.flatMap((column) => columnSettings(relation, column)),
    ...(type === null ? [] : [statement('table type', `ALTER TABLE ${table} OF ${type}`)]),
    ...(bound === null
      ? []
      : [statement('partition', `ALTER TABLE ONLY ${parent} ATTACH PARTITION ${table} ${bound}`)]),
  ];
}

/** A child may have another default than its parent, or none, and a NOT NULL of its own. */
function inheritedColumn(column: Column, { texts, isSeparate }: TableParts): [string, string][] {
  const name = quoteIdentifier(column.name);
  const actions: [string, string][] = [];
  if (column.generated === '' && column.identity === '') {
    if (column.defaultOid === null)
      actions.push(['inherited default', `ALTER COLUMN ${name} DROP DEFAULT`]);
    else if (!isSeparate(column.defaultOid)) {
      const text = texts.get('default', column.relation, column.number);
      actions.push(['inherited default', `ALTER COLUMN ${name} SET DEFAULT ${text}`]);
    }
  }
  if (!column.notNull) return actions;
  if (column.notNullName === null)
    actions.push(['inherited not null', `ALTER COLUMN ${name} SET NOT NULL`]);
  else if (column.notNullLocal === true && column.notNullValid === true) {
    const constraint = quoteIdentifier(column.notNullName);
    actions.push(['inherited not null', `ADD CONSTRAINT ${constraint} NOT NULL ${name}`]);
  }
  return actions;
}

function separateDefault(relation: Relation, column: Column, parts: TableParts): Piece[] {
  if (column.defaultOid === null || !parts.isSeparate(column.defaultOid)) return [];
  const text = parts.texts.get('default', column.relation, column.number);
  return [
    {
      phase: 'graph',
      kind: 'default',
      name: shownName(relation.name, column.name),
      sql: `ALTER TABLE ONLY ${quoteIdentifier(relation.name)} ALTER COLUMN ${quoteIdentifier(column.name)} SET DEFAULT ${text}`,
      key: keyOf('pg_attrdef', column.defaultOid),
      needs: [keyOf('pg_class', relation.oid)],
    },
  ];
}

/** After the rows: a check that was not validated may fail for present rows. */
function laterCheck(relation: Relation, check: Check, parts: TableParts): Piece {
  const separate = parts.isSeparateCheck(check.oid);
  return {
    phase: separate && check.valid ? 'graph' : 'keys',
    kind: 'check',
    name: shownName(relation.name, check.name),
    sql: `ALTER TABLE ${quoteIdentifier(relation.name)} ADD CONSTRAINT ${quoteIdentifier(check.name)} ${parts.texts.get('constraint', check.oid)}`,
    key: keyOf('pg_constraint', check.oid),
    needs: [keyOf('pg_class', relation.oid)],
  };
}

function rowSecurity(relation: Relation): Piece[] {
  const alter = `ALTER TABLE ONLY ${quoteIdentifier(relation.name)}`;
  const actions = [
    ...(relation.rowSecurity ? ['ENABLE'] : []),
    ...(relation.forcedRowSecurity ? ['FORCE'] : []),
  ];
  return actions.map((action) => ({
    phase: 'triggers',
    rank: 1,
    kind: action === 'FORCE' ? 'forced row security' : 'row security',
    name: shownName(relation.name),
    sql: `${alter} ${action} ROW LEVEL SECURITY`,
  }));
}

/** By an index: catalogue/indexes.ts. */
function replicaIdentity(relation: Relation): Piece[] {
  const form = { f: 'FULL', n: 'NOTHING' }[relation.identity];
  if (form === undefined) return [];
  return [
    {
      phase: 'states',
      kind: 'replica identity',
      name: shownName(relation.name),
      sql: `ALTER TABLE ONLY ${quoteIdentifier(relation.name)} REPLICA IDENTITY ${form}`,
    },
  ];
}

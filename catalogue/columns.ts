/** Columns in CREATE TABLE, and what is set on them afterwards. */
import type { Texts } from './deparse.js';
import { optionList, quoteIdentifier, shownName } from './names.js';
import type { Column, Relation, Sequence } from './relations.js';
import { sequenceOptions } from './sequences.js';
import type { Piece, Statement } from './statement.js';

export interface ColumnParts {
  readonly texts: Texts;
  /** The default is added later, because it is in a cycle. */
  readonly isSeparate: (defaultOid: number) => boolean;
  /** The sequence of an identity column. */
  readonly identityOf: (column: Column) => Sequence | undefined;
}

const COMPRESSION: Readonly<Record<string, string>> = { p: 'pglz', l: 'lz4' };

/** `"name" type …` */
export function columnDefinition(column: Column, parts: ColumnParts): string {
  const { texts } = parts;
  const { relation, number } = column;
  const compression = COMPRESSION[column.compression];
  return [
    quoteIdentifier(column.name),
    texts.get('column type', relation, number),
    column.ownCollation ? `COLLATE ${texts.get('column collation', relation, number)}` : '',
    compression === undefined ? '' : `COMPRESSION ${compression}`,
    valueOf(column, parts),
    notNullOf(column),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function valueOf(column: Column, { texts, isSeparate, identityOf }: ColumnParts): string {
  const sequence = identityOf(column);
  if (column.identity !== '' && sequence !== undefined)
    return `GENERATED ${column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'} AS IDENTITY (SEQUENCE NAME ${quoteIdentifier(sequence.name)} ${sequenceOptions(sequence)})`;
  if (column.defaultOid === null || isSeparate(column.defaultOid)) return '';
  const text = texts.get('default', column.relation, column.number);
  if (column.generated === '') return `DEFAULT ${text}`;
  return `GENERATED ALWAYS AS (${text}) ${column.generated === 'v' ? 'VIRTUAL' : 'STORED'}`;
}

function notNullOf({ notNull, notNullName, notNullValid, notNullNoInherit }: Column): string {
  if (!notNull || notNullValid === false) return '';
  const name = notNullName === null ? '' : `CONSTRAINT ${quoteIdentifier(notNullName)} `;
  return `${name}NOT NULL${notNullNoInherit === true ? ' NO INHERIT' : ''}`;
}

const STORAGE: Readonly<Record<string, string>> = {
  p: 'PLAIN',
  e: 'EXTERNAL',
  m: 'MAIN',
  x: 'EXTENDED',
};

/** Storage, statistics and options of a column of a table or a materialised view. */
export function columnSettings(relation: Relation, column: Column): Statement[] {
  const what = relation.kind === 'm' ? 'MATERIALIZED VIEW' : 'TABLE ONLY';
  const alter = `ALTER ${what} ${quoteIdentifier(relation.name)} ALTER COLUMN ${quoteIdentifier(column.name)}`;
  const { ownStorage, statistics, options } = column;
  const storage = ownStorage === null ? undefined : STORAGE[ownStorage];
  const actions: [string, string][] = [
    ...(storage === undefined ? [] : ([['storage', `SET STORAGE ${storage}`]] as const)),
    ...(statistics === null ? [] : ([['statistics', `SET STATISTICS ${statistics}`]] as const)),
    ...(options === null ? [] : ([['options', `SET (${optionList(options)})`]] as const)),
  ].map(([what, action]) => [what, action]);
  return actions.map(([what, action]) => ({
    phase: 'graph',
    kind: `column ${what}`,
    name: shownName(relation.name, column.name),
    sql: `${alter} ${action}`,
  }));
}

/** A NOT NULL that is not checked for present rows (PostgreSQL 18). */
export const unvalidatedNotNull = (relation: Relation, column: Column): Piece => ({
  phase: 'keys',
  kind: 'not null',
  name: shownName(relation.name, column.name),
  sql: `ALTER TABLE ${quoteIdentifier(relation.name)} ADD CONSTRAINT ${quoteIdentifier(column.notNullName ?? '')} NOT NULL ${quoteIdentifier(column.name)}${column.notNullNoInherit === true ? ' NO INHERIT' : ''} NOT VALID`,
});

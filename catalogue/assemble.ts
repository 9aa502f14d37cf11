/** Makes the statements of all objects, from rows and texts. Pure. */
import { commentPieces } from './comments.js';
import { constraintPieces } from './constraints.js';
import type { Dependencies } from './dependencies.js';
import type { Texts } from './deparse.js';
import { routinePieces } from './functions.js';
import { grouped } from './grouped.js';
import { indexPieces, statisticsPieces } from './indexes.js';
import { shownName } from './names.js';
import { operatorPieces } from './operators.js';
import type { Relation } from './relations.js';
import type { Rows } from './rows.js';
import { keyOf } from './scope.js';
import { sequencePieces } from './sequences.js';
import type { Note, Piece, Refusal } from './statement.js';
import { tablePieces, type TableParts } from './tables.js';
import { programPieces } from './triggers.js';
import { compositePiece, typePieces } from './types.js';
import { materializedViewPieces, viewPiece } from './views.js';

export interface Assembled {
  readonly pieces: Piece[];
  readonly notes: Note[];
  readonly refusals: Refusal[];
}

export function piecesOf(
  rows: Rows,
  texts: Texts,
  dependencies: Dependencies,
  schema: string,
): Assembled {
  const relations = new Map(rows.relations.map((relation) => [relation.oid, relation]));
  const columns = grouped(rows.columns, ({ relation }) => relation);
  const isSeparateCheck = (oid: number): boolean =>
    dependencies.separate.has(keyOf('pg_constraint', oid));
  const parts = { ...partsOf(rows, texts, dependencies), relations, columns, isSeparateCheck };
  const sequences = sequencePieces(rows.sequences, relations, columns);
  const routines = routinePieces(rows.routines, schema, texts);
  const indexes = indexPieces(rows.indexes, relations, texts);
  const programs = programPieces(rows.programs, relations, texts);
  const pieces = [
    ...typePieces(rows.types, texts, isSeparateCheck),
    ...sequences.pieces,
    ...rows.relations.flatMap((relation) => relationPieces(relation, parts)),
    ...routines.pieces,
    ...operatorPieces(rows.operators, schema, texts),
    ...constraintPieces(rows.constraints, relations, texts),
    ...indexes.pieces,
    ...statisticsPieces(rows.statistics, texts),
    ...programs.pieces,
  ];
  const keyIndexes = new Map(
    rows.constraints.filter(({ type }) => type !== 'f').map(({ index, name }) => [index, name]),
  );
  const commented = { ...rows, pieces, relations, columns, keyIndexes };
  return {
    pieces: [...pieces, ...commentPieces(rows.comments, commented)],
    notes: [
      ...sequences.notes,
      ...routines.notes,
      ...indexes.notes,
      ...programs.notes,
      ...rows.relations.flatMap(tablespaceNote),
      ...rows.grants,
    ],
    refusals: [...rows.refused, ...routines.refusals],
  };
}

function partsOf(
  rows: Rows,
  texts: Texts,
  { separate }: Dependencies,
): Pick<TableParts, 'texts' | 'checks' | 'isSeparate' | 'identityOf'> {
  const identities = new Map(
    rows.sequences
      .filter(({ ownership }) => ownership === 'i')
      .map((sequence) => [`${sequence.relation ?? 0} ${sequence.column ?? 0}`, sequence]),
  );
  return {
    texts,
    checks: grouped(rows.checks, ({ relation }) => relation),
    isSeparate: (oid) => separate.has(keyOf('pg_attrdef', oid)),
    identityOf: ({ relation, number }) => identities.get(`${relation} ${number}`),
  };
}

function relationPieces(relation: Relation, parts: TableParts): Piece[] {
  const columns = parts.columns.get(relation.oid) ?? [];
  switch (relation.kind) {
    case 'r':
    case 'p':
      return tablePieces(relation, parts);
    case 'v':
      return [viewPiece(relation, columns, parts.texts)];
    case 'm':
      return materializedViewPieces(relation, columns, parts.texts);
    case 'c':
      return [compositePiece(relation, columns, parts.texts)];
    default:
      // Sequences have rows of their own; foreign tables are refused.
      return [];
  }
}

const tablespaceNote = ({ name, tablespace }: Relation): Note[] =>
  tablespace === null
    ? []
    : [{ kind: 'table', name: shownName(name), text: `the tablespace ${tablespace} is left out` }];

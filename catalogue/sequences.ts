/** Sequences. An identity column makes its own (catalogue/tables.ts). */
import { quoteIdentifier, shownName } from './names.js';
import type { Column, Relation, Sequence } from './relations.js';
import { keyOf } from './scope.js';
import type { Note, Piece } from './statement.js';

/** The options that CREATE SEQUENCE and an identity column share. */
export const sequenceOptions = (sequence: Sequence): string =>
  [
    `INCREMENT BY ${sequence.increment}`,
    `MINVALUE ${sequence.min}`,
    `MAXVALUE ${sequence.max}`,
    `START WITH ${sequence.start}`,
    `CACHE ${sequence.cache}`,
    sequence.cycle ? 'CYCLE' : 'NO CYCLE',
  ].join(' ');

export function sequencePieces(
  sequences: readonly Sequence[],
  relations: ReadonlyMap<number, Relation>,
  columns: ReadonlyMap<number, readonly Column[]>,
): { pieces: Piece[]; notes: Note[] } {
  const pieces: Piece[] = [];
  const notes: Note[] = [];
  for (const sequence of sequences) {
    if (sequence.ownership === 'i') continue;
    pieces.push(created(sequence));
    if (sequence.relation === null) continue;
    const owner = relations.get(sequence.relation);
    const column = columns.get(sequence.relation)?.find(({ number }) => number === sequence.column);
    if (owner === undefined || column === undefined) {
      const text = 'a column of another schema owns it: the copy has no owner';
      notes.push({ kind: 'sequence', name: shownName(sequence.name), text });
    } else pieces.push(owned(sequence, owner, column));
  }
  return { pieces, notes };
}

const created = (sequence: Sequence): Piece => ({
  phase: 'graph',
  kind: 'sequence',
  name: shownName(sequence.name),
  sql: `CREATE ${sequence.unlogged ? 'UNLOGGED ' : ''}SEQUENCE ${quoteIdentifier(sequence.name)} AS ${sequence.type} ${sequenceOptions(sequence)}`,
  key: keyOf('pg_class', sequence.oid),
  comment: `SEQUENCE ${quoteIdentifier(sequence.name)}`,
});

const owned = (sequence: Sequence, owner: Relation, column: Column): Piece => ({
  phase: 'graph',
  kind: 'sequence owner',
  name: shownName(sequence.name),
  sql: `ALTER SEQUENCE ${quoteIdentifier(sequence.name)} OWNED BY ${quoteIdentifier(owner.name)}.${quoteIdentifier(column.name)}`,
  // After both: it is no object, so nothing refers to this key.
  key: keyOf('owner', sequence.oid),
  needs: [keyOf('pg_class', sequence.oid), keyOf('pg_class', owner.oid)],
});

/** Comments on objects and on their columns. */
import { quoteIdentifier, quoteLiteral } from './names.js';
import type { Check } from './constraints.js';
import type { Column, Relation, Sequence } from './relations.js';
import { keyOf, objectsOf, type Scope } from './scope.js';
import type { ObjectKey, Piece } from './statement.js';
import type { Types } from './types.js';

export interface Comment {
  readonly key: ObjectKey;
  /** A column's number, 0 for the object. */
  readonly part: number;
  readonly text: string;
}

export const commentsOf = (scope: Scope) => scope.tx<Comment[]>`
  SELECT ours.classid::regclass || ':' || ours.objid AS key, d.objsubid AS part, d.description AS text
  FROM (${objectsOf(scope)}) ours (classid, objid)
    CROSS JOIN LATERAL (
      SELECT objsubid, description FROM pg_description
      WHERE objoid = ours.objid AND classoid = ours.classid OFFSET 0) d`;

export interface Commented {
  readonly pieces: readonly Piece[];
  readonly relations: ReadonlyMap<number, Relation>;
  readonly columns: ReadonlyMap<number, readonly Column[]>;
  readonly checks: readonly Check[];
  readonly sequences: readonly Sequence[];
  readonly types: Types;
  /** By the oid of a key's index, the name of both. */
  readonly keyIndexes: ReadonlyMap<number, string>;
}

export function commentPieces(comments: readonly Comment[], commented: Commented): Piece[] {
  const targets = targetsOf(commented);
  return comments.flatMap(({ key, part, text }): Piece[] => {
    const target = part === 0 ? targets.get(key) : columnTarget(key, part, commented);
    if (target === undefined) return [];
    return [
      {
        phase: 'states',
        rank: 1,
        kind: 'comment',
        name: target,
        sql: `COMMENT ON ${target} IS ${quoteLiteral(text)}`,
      },
    ];
  });
}

/** What has a statement of its own, and what is part of another's: checks, NOT NULL, identities. */
function targetsOf(commented: Commented): ReadonlyMap<ObjectKey, string> {
  const { pieces, relations, columns, checks, sequences, types, keyIndexes } = commented;
  const targets = new Map<ObjectKey, string>();
  for (const { key, comment } of pieces)
    if (key !== undefined && comment !== undefined) targets.set(key, comment);
  const constraint = (oid: number, name: string, relation: number): void => {
    const table = relations.get(relation)?.name;
    if (table !== undefined)
      targets.set(
        keyOf('pg_constraint', oid),
        `CONSTRAINT ${quoteIdentifier(name)} ON ${quoteIdentifier(table)}`,
      );
  };
  for (const { oid, name, relation } of checks) constraint(oid, name, relation);
  for (const list of columns.values())
    for (const { notNullOid, notNullName, relation } of list)
      if (notNullOid !== null && notNullName !== null)
        constraint(notNullOid, notNullName, relation);
  for (const domain of types.domains)
    for (const { oid, name } of domain.checks)
      targets.set(
        keyOf('pg_constraint', oid),
        `CONSTRAINT ${quoteIdentifier(name)} ON DOMAIN ${quoteIdentifier(domain.name)}`,
      );
  for (const { oid, name, ownership } of sequences)
    if (ownership === 'i') targets.set(keyOf('pg_class', oid), `SEQUENCE ${quoteIdentifier(name)}`);
  for (const [oid, name] of keyIndexes)
    targets.set(keyOf('pg_class', oid), `INDEX ${quoteIdentifier(name)}`);
  return targets;
}

function columnTarget(
  key: ObjectKey,
  part: number,
  { relations, columns }: Commented,
): string | undefined {
  const oid = key.startsWith('pg_class:') ? Number(key.slice('pg_class:'.length)) : 0;
  const relation = relations.get(oid);
  const column = columns.get(oid)?.find(({ number }) => number === part);
  if (relation === undefined || column === undefined) return undefined;
  return `COLUMN ${quoteIdentifier(relation.name)}.${quoteIdentifier(column.name)}`;
}

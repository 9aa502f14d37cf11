/** Constraints: checks, primary and unique keys, exclusions, foreign keys. */
import type { Texts } from './deparse.js';
import { optionList, quoteIdentifier, shownName } from './names.js';
import type { Relation } from './relations.js';
import { keyOf, type Scope } from './scope.js';
import type { Piece } from './statement.js';

export interface Constraint {
  readonly oid: number;
  readonly name: string;
  /** `p`, `u`, `x`, `f` (pg_constraint.contype) */
  readonly type: string;
  readonly relation: number;
  /** A foreign key that a partition has from its parent: made with the parent's. */
  readonly derived: boolean;
  readonly index: number;
  readonly indexOptions: readonly string[] | null;
}

export interface Check {
  readonly oid: number;
  readonly name: string;
  readonly relation: number;
  readonly local: boolean;
  readonly valid: boolean;
  readonly enforced: boolean;
}

/** A key of a partition is made on its own, and attached by its index. */
export const constraintsOf = ({ tx, namespace }: Scope) => tx<Constraint[]>`
  SELECT o.oid, o.conname AS name, o.contype AS type, o.conrelid AS relation,
    o.contype = 'f' AND o.conparentid <> 0 AS derived,
    o.conindid AS index, to_json(i.reloptions) AS "indexOptions"
  FROM pg_constraint o LEFT JOIN pg_class i ON i.oid = o.conindid
  WHERE o.connamespace = ${namespace} AND o.contype IN ('p', 'u', 'x', 'f')
  ORDER BY o.conname COLLATE "C"`;

/** From PostgreSQL 18 a check may be NOT ENFORCED. */
export const checksOf = ({ tx, namespace, version }: Scope) => tx<Check[]>`
  SELECT oid, conname AS name, conrelid AS relation, conislocal AS local, convalidated AS valid,
    ${tx.unsafe(version < 180000 ? 'true' : 'conenforced')} AS enforced
  FROM pg_constraint
  WHERE connamespace = ${namespace} AND contype = 'c' AND conrelid <> 0
  ORDER BY conname COLLATE "C"`;

const KINDS: Readonly<Record<string, string>> = {
  p: 'primary key',
  u: 'unique key',
  x: 'exclusion',
  f: 'foreign key',
};

export function constraintPieces(
  constraints: readonly Constraint[],
  relations: ReadonlyMap<number, Relation>,
  texts: Texts,
): Piece[] {
  return constraints.flatMap((constraint) => {
    const relation = relations.get(constraint.relation);
    if (relation === undefined || constraint.derived) return [];
    return [constraintPiece(constraint, relation, texts), ...indexOptions(constraint, relation)];
  });
}

function constraintPiece(constraint: Constraint, relation: Relation, texts: Texts): Piece {
  const { oid, name, type } = constraint;
  // A key of a partitioned table waits for those of the partitions. A foreign key has no index.
  const only = relation.kind === 'p' && type !== 'f' ? 'ONLY ' : '';
  const table = quoteIdentifier(relation.name);
  return {
    phase: type === 'f' ? 'foreign-keys' : 'keys',
    // The parent's key first: a partition's is attached to it.
    rank: relation.kind === 'p' ? 0 : 1,
    kind: KINDS[type] ?? type,
    name: shownName(relation.name, name),
    sql: `ALTER TABLE ${only}${table} ADD CONSTRAINT ${quoteIdentifier(name)} ${texts.get('constraint', oid)}`,
    key: keyOf('pg_constraint', oid),
    needs: [keyOf('pg_class', relation.oid)],
    comment: `CONSTRAINT ${quoteIdentifier(name)} ON ${table}`,
  };
}

/** The server's text of a key leaves out the options of its index, such as the fillfactor. */
function indexOptions({ name, type, indexOptions }: Constraint, relation: Relation): Piece[] {
  if (indexOptions === null || type === 'f') return [];
  return [
    {
      phase: 'keys',
      rank: 2,
      kind: 'index options',
      name: shownName(relation.name, name),
      sql: `ALTER INDEX ${quoteIdentifier(name)} SET (${optionList(indexOptions)})`,
    },
  ];
}

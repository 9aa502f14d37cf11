/** Operators that SQL functions define. Their classes need a superuser and are refused. */
import type { Texts } from './deparse.js';
import { quoteIdentifier } from './names.js';
import { keyOf, notOfExtension, type Scope } from './scope.js';
import type { Piece } from './statement.js';
import { TARGET } from './target.js';

interface Partner {
  readonly schema: string;
  readonly name: string;
}

export interface Operator {
  readonly oid: number;
  readonly name: string;
  readonly merges: boolean;
  readonly hashes: boolean;
  readonly commutator: Partner | null;
  readonly negator: Partner | null;
}

/** Without the shells that a COMMUTATOR or NEGATOR makes before its operator exists. */
export const operatorsOf = ({ tx, namespace }: Scope) => tx<Operator[]>`
  SELECT o.oid, o.oprname AS name, o.oprcanmerge AS merges, o.oprcanhash AS hashes,
    (SELECT json_build_object('schema', nspname, 'name', c.oprname)
      FROM pg_operator c JOIN pg_namespace n ON n.oid = c.oprnamespace WHERE c.oid = o.oprcom) AS commutator,
    (SELECT json_build_object('schema', nspname, 'name', c.oprname)
      FROM pg_operator c JOIN pg_namespace n ON n.oid = c.oprnamespace WHERE c.oid = o.oprnegate) AS negator
  FROM pg_operator o
  WHERE o.oprnamespace = ${namespace} AND o.oprcode <> 0 AND ${notOfExtension(tx, 'pg_operator', 'o.oid')}
  ORDER BY o.oprname COLLATE "C", o.oprleft, o.oprright`;

export const operatorPieces = (
  operators: readonly Operator[],
  schema: string,
  texts: Texts,
): Piece[] => operators.map((operator) => operatorPiece(operator, schema, texts));

function operatorPiece(operator: Operator, schema: string, texts: Texts): Piece {
  const { oid, name, merges, hashes, commutator, negator } = operator;
  const left = texts.find('left type', oid);
  const right = texts.get('right type', oid);
  const signature = `${name} (${left ?? 'NONE'}, ${right})`;
  const [restrict, join] = [texts.find('restriction', oid), texts.find('join', oid)];
  const partner = (of: Partner): string =>
    `OPERATOR(${of.schema === schema ? TARGET : quoteIdentifier(of.schema)}.${of.name})`;
  const options = [
    `FUNCTION = ${texts.get('operator function', oid)}`,
    ...(left === null ? [] : [`LEFTARG = ${left}`]),
    `RIGHTARG = ${right}`,
    ...(commutator === null ? [] : [`COMMUTATOR = ${partner(commutator)}`]),
    ...(negator === null ? [] : [`NEGATOR = ${partner(negator)}`]),
    ...(restrict === null ? [] : [`RESTRICT = ${restrict}`]),
    ...(join === null ? [] : [`JOIN = ${join}`]),
    ...(merges ? ['MERGES'] : []),
    ...(hashes ? ['HASHES'] : []),
  ];
  return {
    phase: 'graph',
    kind: 'operator',
    name: signature.replaceAll(`${TARGET}.`, ''),
    sql: `CREATE OPERATOR ${name} (${options.join(', ')})`,
    key: keyOf('pg_operator', oid),
    comment: `OPERATOR ${signature}`,
  };
}

/** Enums, domains, ranges, composite types and collations. */
import type { Texts } from './deparse.js';
import { quoteIdentifier, quoteLiteral, shownName } from './names.js';
import type { Column, Relation } from './relations.js';
import { keyOf, notOfExtension, type Scope } from './scope.js';
import type { Piece } from './statement.js';

interface Enum {
  readonly oid: number;
  readonly name: string;
  readonly labels: readonly string[];
}

interface Domain {
  readonly oid: number;
  readonly name: string;
  readonly notNull: boolean;
  /** From PostgreSQL 17, NOT NULL is a constraint with a name. */
  readonly notNullName: string | null;
  readonly ownCollation: boolean;
  readonly hasDefault: boolean;
  readonly checks: readonly { oid: number; name: string; valid: boolean }[];
}

interface Range {
  readonly oid: number;
  readonly name: string;
  readonly multirange: string;
  /** Only if it is not the default of the subtype. */
  readonly opclass: string | null;
  readonly ownCollation: boolean;
  readonly hasDifference: boolean;
  readonly canonical: boolean;
}

interface Collation {
  readonly oid: number;
  readonly name: string;
  readonly provider: string;
  readonly deterministic: boolean;
  readonly collate: string | null;
  readonly ctype: string | null;
  readonly locale: string | null;
  readonly rules: string | null;
}

export interface Types {
  readonly enums: readonly Enum[];
  readonly domains: readonly Domain[];
  readonly ranges: readonly Range[];
  readonly collations: readonly Collation[];
}

export async function readTypes({ tx, namespace, version }: Scope): Promise<Types> {
  const ofSchema = tx`t.typnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_type', 't.oid')}`;
  const locale = version < 170000 ? 'colliculocale' : 'colllocale';
  return {
    enums: await tx<Enum[]>`
      SELECT t.oid, t.typname AS name,
        coalesce((SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), '[]') AS labels
      FROM pg_type t WHERE t.typtype = 'e' AND ${ofSchema} ORDER BY t.typname COLLATE "C"`,
    domains: await tx<Domain[]>`
      SELECT t.oid, t.typname AS name, t.typnotnull AS "notNull",
        (SELECT conname FROM pg_constraint WHERE contypid = t.oid AND contype = 'n') AS "notNullName",
        t.typcollation <> base.typcollation AS "ownCollation", t.typdefaultbin IS NOT NULL AS "hasDefault",
        coalesce((SELECT json_agg(json_build_object('oid', oid::int8, 'name', conname, 'valid', convalidated)
            ORDER BY conname COLLATE "C") FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'), '[]') AS checks
      FROM pg_type t JOIN pg_type base ON base.oid = t.typbasetype
      WHERE t.typtype = 'd' AND ${ofSchema} ORDER BY t.typname COLLATE "C"`,
    ranges: await tx<Range[]>`
      SELECT t.oid, t.typname AS name, m.typname AS multirange,
        CASE WHEN NOT o.opcdefault THEN quote_ident(n.nspname) || '.' || quote_ident(o.opcname) END AS opclass,
        r.rngcollation <> s.typcollation AS "ownCollation", r.rngsubdiff <> 0 AS "hasDifference",
        r.rngcanonical <> 0 AS canonical
      FROM pg_range r
        JOIN pg_type t ON t.oid = r.rngtypid
        JOIN pg_type m ON m.oid = r.rngmultitypid
        JOIN pg_type s ON s.oid = r.rngsubtype
        JOIN pg_opclass o ON o.oid = r.rngsubopc
        JOIN pg_namespace n ON n.oid = o.opcnamespace
      WHERE ${ofSchema} ORDER BY t.typname COLLATE "C"`,
    collations: await tx<Collation[]>`
      SELECT l.oid, l.collname AS name, l.collprovider AS provider, l.collisdeterministic AS deterministic,
        l.collcollate AS collate, l.collctype AS ctype, l.${tx(locale)} AS locale,
        ${tx.unsafe(version < 160000 ? 'NULL' : 'l.collicurules')} AS rules
      FROM pg_collation l
      WHERE l.collnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_collation', 'l.oid')}
      ORDER BY l.collname COLLATE "C"`,
  };
}

/** `isSeparate`: the check of a domain is in a cycle, and is added later. */
export function typePieces(
  { enums, domains, ranges, collations }: Types,
  texts: Texts,
  isSeparate: (constraintOid: number) => boolean,
): Piece[] {
  return [
    ...collations.map(collationPiece),
    ...enums.map(({ oid, name, labels }) =>
      typePiece('enum', oid, name, `ENUM (${labels.map(quoteLiteral).join(', ')})`),
    ),
    ...ranges.map((range) => rangePiece(range, texts)),
    ...domains.flatMap((domain) => domainPieces(domain, texts, isSeparate)),
  ];
}

const typePiece = (kind: string, oid: number, name: string, definition: string): Piece => ({
  phase: 'graph',
  kind,
  name: shownName(name),
  sql: `CREATE TYPE ${quoteIdentifier(name)} AS ${definition}`,
  key: keyOf('pg_type', oid),
  comment: `TYPE ${quoteIdentifier(name)}`,
});

const PROVIDERS: Readonly<Record<string, string>> = { i: 'icu', c: 'libc', b: 'builtin' };

function collationPiece(collation: Collation): Piece {
  const { oid, name, provider, deterministic, collate, ctype, locale, rules } = collation;
  const options = [
    `PROVIDER = ${PROVIDERS[provider] ?? provider}`,
    ...(locale === null
      ? [`LC_COLLATE = ${quoteLiteral(collate ?? '')}`, `LC_CTYPE = ${quoteLiteral(ctype ?? '')}`]
      : [`LOCALE = ${quoteLiteral(locale)}`]),
    ...(deterministic ? [] : ['DETERMINISTIC = false']),
    ...(rules === null ? [] : [`RULES = ${quoteLiteral(rules)}`]),
  ];
  return {
    phase: 'graph',
    kind: 'collation',
    name: shownName(name),
    sql: `CREATE COLLATION ${quoteIdentifier(name)} (${options.join(', ')})`,
    key: keyOf('pg_collation', oid),
    comment: `COLLATION ${quoteIdentifier(name)}`,
  };
}

function rangePiece(range: Range, texts: Texts): Piece {
  const { oid, name, multirange, opclass, ownCollation, hasDifference } = range;
  const options = [
    `SUBTYPE = ${texts.get('subtype', oid)}`,
    ...(opclass === null ? [] : [`SUBTYPE_OPCLASS = ${opclass}`]),
    ...(ownCollation ? [`COLLATION = ${texts.get('range collation', oid)}`] : []),
    ...(hasDifference ? [`SUBTYPE_DIFF = ${texts.get('subtype difference', oid)}`] : []),
    `MULTIRANGE_TYPE_NAME = ${quoteIdentifier(multirange)}`,
  ];
  return typePiece('range', oid, name, `RANGE (${options.join(', ')})`);
}

function domainPieces(
  domain: Domain,
  texts: Texts,
  isSeparate: (constraintOid: number) => boolean,
): Piece[] {
  const { oid, name, notNull, notNullName, ownCollation, hasDefault, checks } = domain;
  const quoted = quoteIdentifier(name);
  const check = (constraint: { oid: number; name: string }): string =>
    `CONSTRAINT ${quoteIdentifier(constraint.name)} ${texts.get('constraint', constraint.oid)}`;
  const isInline = (constraint: { oid: number; valid: boolean }): boolean =>
    constraint.valid && !isSeparate(constraint.oid);
  const constraintName = notNullName === null ? '' : `CONSTRAINT ${quoteIdentifier(notNullName)} `;
  const definition = [
    texts.get('base type', oid),
    ...(ownCollation ? [`COLLATE ${texts.get('type collation', oid)}`] : []),
    ...(hasDefault ? [`DEFAULT ${texts.get('type default', oid)}`] : []),
    ...(notNull ? [`${constraintName}NOT NULL`] : []),
    ...checks.filter(isInline).map(check),
  ];
  return [
    {
      phase: 'graph',
      kind: 'domain',
      name: shownName(name),
      sql: `CREATE DOMAIN ${quoted} AS ${definition.join(' ')}`,
      key: keyOf('pg_type', oid),
      comment: `DOMAIN ${quoted}`,
    },
    ...checks
      .filter((constraint) => !isInline(constraint))
      .map((constraint): Piece => ({
        phase: constraint.valid ? 'graph' : 'keys',
        kind: 'check',
        name: shownName(name, constraint.name),
        sql: `ALTER DOMAIN ${quoted} ADD ${check(constraint)}`,
        key: keyOf('pg_constraint', constraint.oid),
        needs: [keyOf('pg_type', oid)],
      })),
  ];
}

export function compositePiece(
  relation: Relation,
  columns: readonly Column[],
  texts: Texts,
): Piece {
  const attributes = columns.map(({ name, number, ownCollation }) => {
    const collation = ownCollation
      ? ` COLLATE ${texts.get('column collation', relation.oid, number)}`
      : '';
    return `${quoteIdentifier(name)} ${texts.get('column type', relation.oid, number)}${collation}`;
  });
  const type = quoteIdentifier(relation.name);
  return {
    phase: 'graph',
    kind: 'composite type',
    name: shownName(relation.name),
    sql: `CREATE TYPE ${type} AS (${attributes.join(', ')})`,
    key: keyOf('pg_class', relation.oid),
    comment: `TYPE ${type}`,
  };
}

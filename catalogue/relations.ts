/** Rows of tables, views, sequences and composite types, and of their columns. */
import { notOfExtension, type Scope } from './scope.js';

export interface Relation {
  readonly oid: number;
  readonly name: string;
  /** pg_class.relkind */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'c' | 'S' | 'f';
  readonly unlogged: boolean;
  readonly partition: boolean;
  readonly rowSecurity: boolean;
  readonly forcedRowSecurity: boolean;
  /** pg_class.relreplident */
  readonly identity: string;
  readonly options: readonly string[] | null;
  readonly toastOptions: readonly string[] | null;
  /** Other than heap. */
  readonly method: string | null;
  readonly populated: boolean;
  readonly tablespace: string | null;
  readonly owner: number;
  /** Of which it is a partition, or from which it inherits, in order. */
  readonly parents: readonly number[];
}

export interface Column {
  readonly relation: number;
  readonly number: number;
  readonly name: string;
  readonly local: boolean;
  readonly inherited: boolean;
  readonly notNull: boolean;
  /** '' if none; `a` always, `d` by default */
  readonly identity: string;
  /** '' if none; `s` stored, `v` virtual */
  readonly generated: string;
  readonly defaultOid: number | null;
  readonly ownStorage: string | null;
  readonly compression: string;
  readonly statistics: number | null;
  readonly options: readonly string[] | null;
  readonly ownCollation: boolean;
  /** From PostgreSQL 18, NOT NULL is a constraint with a name. */
  readonly notNullOid: number | null;
  readonly notNullName: string | null;
  readonly notNullLocal: boolean | null;
  readonly notNullNoInherit: boolean | null;
  readonly notNullValid: boolean | null;
}

export interface Sequence {
  readonly oid: number;
  readonly name: string;
  readonly type: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly start: string;
  readonly cache: string;
  readonly cycle: boolean;
  readonly unlogged: boolean;
  /** The column that owns it, if any: `i` as an identity, `a` by OWNED BY. */
  readonly ownership: 'a' | 'i' | null;
  readonly relation: number | null;
  readonly column: number | null;
}

export const relationsOf = ({ tx, namespace }: Scope) => tx<Relation[]>`
  SELECT c.oid, c.relname AS name, c.relkind AS kind, c.relpersistence = 'u' AS unlogged,
    c.relispartition AS partition, c.relrowsecurity AS "rowSecurity",
    c.relforcerowsecurity AS "forcedRowSecurity", c.relreplident AS identity,
    to_json(c.reloptions) AS options, to_json(toast.reloptions) AS "toastOptions",
    nullif(am.amname, 'heap') AS method, c.relispopulated AS populated, spcname AS tablespace,
    c.relowner AS owner,
    coalesce((SELECT json_agg(inhparent::int8 ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid),
      '[]') AS parents
  FROM pg_class c
    LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
    LEFT JOIN pg_am am ON am.oid = c.relam AND c.relkind IN ('r', 'p', 'm')
    LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
  WHERE c.relnamespace = ${namespace} AND c.relkind IN ('r', 'p', 'v', 'm', 'c', 'S', 'f')
    AND ${notOfExtension(tx, 'pg_class', 'c.oid')}
  ORDER BY c.relname COLLATE "C"`;

export const columnsOf = ({ tx, namespace, version }: Scope) => tx<Column[]>`
  SELECT a.attrelid AS relation, a.attnum AS number, a.attname AS name, a.attislocal AS local,
    a.attinhcount > 0 AS inherited, a.attnotnull AS "notNull", a.attidentity AS identity,
    a.attgenerated AS generated, d.oid AS "defaultOid",
    CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS "ownStorage",
    a.attcompression AS compression,
    ${tx.unsafe(version < 170000 ? 'nullif(a.attstattarget, -1)' : 'a.attstattarget')} AS statistics,
    to_json(a.attoptions) AS options, a.attcollation <> t.typcollation AS "ownCollation",
    n.oid AS "notNullOid", n.conname AS "notNullName", n.conislocal AS "notNullLocal",
    n.connoinherit AS "notNullNoInherit", n.convalidated AS "notNullValid"
  FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_constraint n ON n.contype = 'n' AND n.conrelid = a.attrelid AND n.conkey[1] = a.attnum
  WHERE c.relnamespace = ${namespace} AND c.relkind IN ('r', 'p', 'v', 'm', 'c')
    AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`;

export const sequencesOf = ({ tx, namespace }: Scope) => tx<Sequence[]>`
  SELECT c.oid, c.relname AS name, format_type(s.seqtypid, NULL) AS type, s.seqincrement AS increment,
    s.seqmin AS min, s.seqmax AS max, s.seqstart AS start, s.seqcache AS cache, s.seqcycle AS cycle,
    c.relpersistence = 'u' AS unlogged,
    d.deptype AS ownership, d.refobjid AS relation, d.refobjsubid AS column
  FROM pg_sequence s
    JOIN pg_class c ON c.oid = s.seqrelid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  WHERE c.relnamespace = ${namespace} AND ${notOfExtension(tx, 'pg_class', 'c.oid')}
  ORDER BY c.relname COLLATE "C"`;

/** The schema that is read, and the forms that its queries share. */
import type { Transaction } from '../platform/postgres.js';
import type { ObjectKey } from './statement.js';

export interface Scope {
  readonly tx: Transaction;
  readonly schema: string;
  /** The schema's oid. */
  readonly namespace: number;
  /** Such as 180004. */
  readonly version: number;
}

export const keyOf = (catalogue: string, oid: number): ObjectKey => `${catalogue}:${oid}`;

/** SQL: the object is no part of an extension, which brings its own objects. */
export const notOfExtension = (tx: Transaction, catalogue: string, oid: string) =>
  tx.unsafe(
    `NOT EXISTS (SELECT FROM pg_depend member WHERE member.classid = '${catalogue}'::regclass
       AND member.objid = ${oid} AND member.deptype = 'e')`,
  );

/** SQL: a query for the catalogue and the oid of each object of the schema. */
export const objectsOf = ({ tx, namespace }: Scope) => tx`
  SELECT 'pg_class'::regclass::oid, oid FROM pg_class WHERE relnamespace = ${namespace}
  UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = ${namespace}
  UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = ${namespace}
  UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE connamespace = ${namespace}
  UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collnamespace = ${namespace}
  UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprnamespace = ${namespace}
  UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass WHERE opcnamespace = ${namespace}
  UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE opfnamespace = ${namespace}
  UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgnamespace = ${namespace}
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictnamespace = ${namespace}
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxnamespace = ${namespace}
  UNION ALL SELECT 'pg_attrdef'::regclass, d.oid FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
    WHERE c.relnamespace = ${namespace}
  UNION ALL SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = ${namespace}
  UNION ALL SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = ${namespace}
  UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = ${namespace}`;

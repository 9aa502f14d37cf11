/** The texts that only the server can write, each with the query for it (catalogue/deparse.ts). */
import type { Reading } from './target.js';

export interface Aspect {
  readonly catalogue: string;
  /** SQL: the object's oid. */
  readonly object: string;
  /** SQL: a column's number; absent for the object itself. */
  readonly part?: string;
  readonly text: string;
  /** What follows FROM; `$1` is the schema's oid. */
  readonly from: string;
  /** How names in it are told apart; by default it has no columns. */
  readonly reading?: Reading;
}

const RELATIONS = 'pg_class c WHERE c.relnamespace = $1';
const TYPES = 'pg_type t WHERE t.typnamespace = $1';
const FUNCTIONS = 'pg_proc p WHERE p.pronamespace = $1';

const ofKind = (...kinds: readonly string[]): string =>
  `c.relkind = ANY ('{${kinds.join(',')}}'::"char"[])`;

const ofRelation = (oid: string, condition = ''): string =>
  `EXISTS (SELECT FROM pg_class c WHERE c.oid = ${oid} AND c.relnamespace = $1 ${condition})`;

/** The name of an object as the parser finds it. */
const named = (oid: string, form: 'regproc' | 'regcollation'): string => `${oid}::${form}::text`;

const aggregate = (text: string, column: string): Aspect => ({
  catalogue: 'pg_proc',
  object: 'p.oid',
  text,
  from: `pg_aggregate g JOIN pg_proc p ON p.oid = g.aggfnoid::oid
    WHERE p.pronamespace = $1 AND ${column}::oid <> 0`,
});

const range = (text: string, column: string): Aspect => ({
  catalogue: 'pg_type',
  object: 't.oid',
  text,
  from: `pg_range r JOIN pg_type t ON t.oid = r.rngtypid
    WHERE t.typnamespace = $1 AND ${column}::oid <> 0`,
});

const operator = (text: string, column: string): Aspect => ({
  catalogue: 'pg_operator',
  object: 'o.oid',
  text,
  from: `pg_operator o WHERE o.oprnamespace = $1 AND ${column}::oid <> 0`,
});

export const ASPECTS = {
  'column type': {
    catalogue: 'pg_class',
    object: 'a.attrelid',
    part: 'a.attnum',
    text: 'format_type(a.atttypid, a.atttypmod)',
    from: `pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped
      AND ${ofRelation('a.attrelid', `AND ${ofKind('r', 'p', 'c')}`)}`,
  },
  'column collation': {
    catalogue: 'pg_class',
    object: 'a.attrelid',
    part: 'a.attnum',
    text: named('a.attcollation', 'regcollation'),
    from: `pg_attribute a WHERE a.attnum > 0 AND a.attcollation <> 0
      AND ${ofRelation('a.attrelid')}`,
  },
  default: {
    catalogue: 'pg_class',
    object: 'd.adrelid',
    part: 'd.adnum',
    text: 'pg_get_expr(d.adbin, d.adrelid)',
    from: `pg_attrdef d WHERE ${ofRelation('d.adrelid')}`,
    reading: 'expression',
  },
  'partition bound': {
    catalogue: 'pg_class',
    object: 'c.oid',
    text: 'pg_get_expr(c.relpartbound, c.oid)',
    from: `${RELATIONS} AND c.relispartition AND ${ofKind('r', 'p')}`,
    reading: 'expression',
  },
  'partition key': {
    catalogue: 'pg_class',
    object: 'c.oid',
    text: 'pg_get_partkeydef(c.oid)',
    from: `${RELATIONS} AND ${ofKind('p')}`,
    reading: 'expression',
  },
  'table type': {
    catalogue: 'pg_class',
    object: 'c.oid',
    text: 'format_type(c.reloftype, NULL)',
    from: `${RELATIONS} AND c.reloftype <> 0`,
  },
  query: {
    catalogue: 'pg_class',
    object: 'c.oid',
    text: 'pg_get_viewdef(c.oid)',
    from: `${RELATIONS} AND ${ofKind('v', 'm')}`,
    reading: 'expression',
  },
  index: {
    catalogue: 'pg_class',
    object: 'c.oid',
    text: 'pg_get_indexdef(c.oid)',
    from: `${RELATIONS} AND ${ofKind('i', 'I')}`,
    reading: 'definition',
  },
  constraint: {
    catalogue: 'pg_constraint',
    object: 'o.oid',
    text: 'pg_get_constraintdef(o.oid)',
    from: `pg_constraint o WHERE o.connamespace = $1 AND o.contype <> 't'`,
    reading: 'expression',
  },
  statistics: {
    catalogue: 'pg_statistic_ext',
    object: 's.oid',
    text: 'pg_get_statisticsobjdef(s.oid)',
    from: 'pg_statistic_ext s WHERE s.stxnamespace = $1',
    reading: 'definition',
  },
  trigger: {
    catalogue: 'pg_trigger',
    object: 't.oid',
    text: 'pg_get_triggerdef(t.oid)',
    from: `pg_trigger t WHERE NOT t.tgisinternal AND ${ofRelation('t.tgrelid')}`,
    reading: 'definition',
  },
  rule: {
    catalogue: 'pg_rewrite',
    object: 'r.oid',
    text: 'pg_get_ruledef(r.oid)',
    from: `pg_rewrite r WHERE r.rulename <> '_RETURN' AND ${ofRelation('r.ev_class')}`,
    reading: 'definition',
  },
  'policy using': {
    catalogue: 'pg_policy',
    object: 'p.oid',
    text: 'pg_get_expr(p.polqual, p.polrelid)',
    from: `pg_policy p WHERE p.polqual IS NOT NULL AND ${ofRelation('p.polrelid')}`,
    reading: 'expression',
  },
  'policy check': {
    catalogue: 'pg_policy',
    object: 'p.oid',
    text: 'pg_get_expr(p.polwithcheck, p.polrelid)',
    from: `pg_policy p WHERE p.polwithcheck IS NOT NULL AND ${ofRelation('p.polrelid')}`,
    reading: 'expression',
  },
  function: {
    catalogue: 'pg_proc',
    object: 'p.oid',
    text: 'pg_get_functiondef(p.oid)',
    from: `${FUNCTIONS} AND p.prokind <> 'a'`,
    reading: 'function',
  },
  arguments: {
    catalogue: 'pg_proc',
    object: 'p.oid',
    text: 'pg_get_function_identity_arguments(p.oid)',
    from: FUNCTIONS,
  },
  'transition function': aggregate(named('g.aggtransfn', 'regproc'), 'g.aggtransfn'),
  'final function': aggregate(named('g.aggfinalfn', 'regproc'), 'g.aggfinalfn'),
  'combine function': aggregate(named('g.aggcombinefn', 'regproc'), 'g.aggcombinefn'),
  'state type': aggregate('format_type(g.aggtranstype, NULL)', 'g.aggtranstype'),
  'base type': {
    catalogue: 'pg_type',
    object: 't.oid',
    text: 'format_type(t.typbasetype, t.typtypmod)',
    from: `${TYPES} AND t.typtype = 'd'`,
  },
  'type default': {
    catalogue: 'pg_type',
    object: 't.oid',
    text: 'pg_get_expr(t.typdefaultbin, 0)',
    from: `${TYPES} AND t.typdefaultbin IS NOT NULL`,
    reading: 'expression',
  },
  'type collation': {
    catalogue: 'pg_type',
    object: 't.oid',
    text: named('t.typcollation', 'regcollation'),
    from: `${TYPES} AND t.typcollation <> 0`,
  },
  subtype: range('format_type(r.rngsubtype, NULL)', 'r.rngsubtype'),
  'range collation': range(named('r.rngcollation', 'regcollation'), 'r.rngcollation'),
  'subtype difference': range(named('r.rngsubdiff', 'regproc'), 'r.rngsubdiff'),
  'left type': operator('format_type(o.oprleft, NULL)', 'o.oprleft'),
  'right type': operator('format_type(o.oprright, NULL)', 'o.oprright'),
  'operator function': operator(named('o.oprcode', 'regproc'), 'o.oprcode'),
  restriction: operator(named('o.oprrest', 'regproc'), 'o.oprrest'),
  join: operator(named('o.oprjoin', 'regproc'), 'o.oprjoin'),
} as const satisfies Readonly<Record<string, Aspect>>;

export type AspectName = keyof typeof ASPECTS;

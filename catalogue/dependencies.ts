/** What the schema's objects depend on (pg_depend), and which rows belong to one object. */
import { membersOf } from './extensions.js';
import { grouped } from './grouped.js';
import { notOfExtension, objectsOf, type Scope } from './scope.js';
import type { ObjectKey } from './statement.js';

export interface Dependency {
  readonly from: ObjectKey;
  readonly to: ObjectKey;
  /** The extension to which `to` belongs. */
  readonly extension: string | null;
  /** `to` in words, if it is in another schema and in no extension. */
  readonly outside: string | null;
}

/** A row that is part of an object, such as the row type of a table. */
interface Part {
  readonly part: ObjectKey;
  readonly whole: ObjectKey;
}

type Edge = Pick<Dependency, 'from' | 'to'>;

/**
 * Per schema, by index: a database with 1,000 sandboxes has millions of rows in pg_depend. OFFSET 0
 * keeps the lateral query whole; without it a wrong estimate made a nested loop of all pairs.
 * Objects of `initdb` (below 16,384) are everywhere.
 */
const edgesIn = (scope: Scope) => scope.tx<Edge[]>`
  SELECT DISTINCT ours.classid::regclass || ':' || ours.objid AS from,
    d.refclassid::regclass || ':' || d.refobjid AS to
  FROM (${objectsOf(scope)}) ours (classid, objid)
    CROSS JOIN LATERAL (
      SELECT refclassid, refobjid, deptype FROM pg_depend
      WHERE classid = ours.classid AND objid = ours.objid OFFSET 0) d
  WHERE d.refobjid >= 16384 AND d.deptype <> 'e'
    AND d.refclassid NOT IN ('pg_namespace'::regclass, 'pg_publication'::regclass)
    -- OWNED BY: a default needs its sequence first, and the owner is set afterwards.
    AND NOT (d.deptype = 'a' AND ours.classid = 'pg_class'::regclass
      AND EXISTS (SELECT FROM pg_sequence WHERE seqrelid = ours.objid))`;

const keysIn = (scope: Scope) => scope.tx<{ key: ObjectKey }[]>`
  SELECT classid::regclass || ':' || objid AS key FROM (${objectsOf(scope)}) ours (classid, objid)`;

interface Stranger {
  readonly key: ObjectKey;
  readonly extension: string | null;
  readonly description: string;
}

const strangersOf = ({ tx }: Scope, keys: readonly ObjectKey[]) => tx<Stranger[]>`
  SELECT key, x.extname AS extension, pg_describe_object(classid, objid, 0) AS description
  FROM (SELECT key, split_part(key, ':', 1)::regclass::oid, split_part(key, ':', 2)::oid
      FROM json_array_elements_text(${JSON.stringify(keys)}::text::json) AS key) s (key, classid, objid)
    LEFT JOIN LATERAL (
      SELECT refobjid FROM pg_depend e
      WHERE e.classid = s.classid AND e.objid = s.objid AND e.deptype = 'e' OFFSET 0) e ON true
    LEFT JOIN pg_extension x
      ON x.oid = CASE WHEN classid = 'pg_extension'::regclass THEN objid ELSE e.refobjid END`;

/** What is not of the schema belongs to an extension, or it is a reference to another schema. */
async function dependenciesOf(scope: Scope): Promise<Dependency[]> {
  const ours = new Set((await keysIn(scope)).map(({ key }) => key));
  const edges = await edgesIn(scope);
  const unknown = new Set(edges.map(({ to }) => to).filter((key) => !ours.has(key)));
  const described = unknown.size === 0 ? [] : await strangersOf(scope, [...unknown]);
  const strangers = new Map(described.map((stranger) => [stranger.key, stranger]));
  // An extension's object may be in the schema.
  const members = await membersOf(scope);
  return edges.map(({ from, to }) => {
    const stranger = strangers.get(to);
    const extension = stranger?.extension ?? members.get(to) ?? null;
    const outside = extension === null ? (stranger?.description ?? null) : null;
    return { from, to, extension, outside };
  });
}

const partsOf = ({ tx, namespace }: Scope) => tx<Part[]>`
  SELECT 'pg_type:' || oid AS part, 'pg_class:' || typrelid AS whole
    FROM pg_type WHERE typnamespace = ${namespace} AND typrelid <> 0
  UNION ALL
  SELECT 'pg_type:' || typarray, 'pg_type:' || oid FROM pg_type WHERE typnamespace = ${namespace} AND typarray <> 0
  UNION ALL
  SELECT 'pg_type:' || rngmultitypid, 'pg_type:' || rngtypid
    FROM pg_range JOIN pg_type t ON t.oid = rngtypid WHERE t.typnamespace = ${namespace}
  UNION ALL
  SELECT 'pg_attrdef:' || d.oid, 'pg_class:' || d.adrelid
    FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid WHERE c.relnamespace = ${namespace}
  UNION ALL
  SELECT 'pg_constraint:' || oid, CASE WHEN conrelid <> 0 THEN 'pg_class:' || conrelid ELSE 'pg_type:' || contypid END
    FROM pg_constraint WHERE connamespace = ${namespace} AND contype IN ('c', 'n')
  UNION ALL
  SELECT 'pg_class:' || conindid, 'pg_constraint:' || oid
    FROM pg_constraint WHERE connamespace = ${namespace} AND contype IN ('p', 'u', 'x')
  UNION ALL
  SELECT 'pg_rewrite:' || r.oid, 'pg_class:' || r.ev_class
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = ${namespace} AND r.rulename = '_RETURN'
  UNION ALL
  SELECT 'pg_class:' || d.objid, 'pg_class:' || d.refobjid
    FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    WHERE c.relnamespace = ${namespace} AND c.relkind = 'S' AND d.classid = 'pg_class'::regclass
      AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'`;

/** Defaults and checks that can be added after their table or domain exists. */
const addableOf = ({ tx, namespace }: Scope) => tx<{ part: ObjectKey }[]>`
  SELECT 'pg_attrdef:' || d.oid AS part
    FROM pg_attrdef d
      JOIN pg_class c ON c.oid = d.adrelid
      JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE c.relnamespace = ${namespace} AND c.relkind IN ('r', 'p') AND a.attgenerated = ''
      AND ${notOfExtension(tx, 'pg_class', 'c.oid')}
  UNION ALL
  SELECT 'pg_constraint:' || oid FROM pg_constraint WHERE connamespace = ${namespace} AND contype = 'c'`;

export interface Dependencies {
  readonly all: readonly Dependency[];
  /** The object to which a row belongs; itself if it is one. */
  readonly wholeOf: (key: ObjectKey) => ObjectKey;
  /** Defaults and checks in a cycle with their table or domain: they are added after it. */
  readonly separate: ReadonlySet<ObjectKey>;
}

export async function readDependencies(scope: Scope): Promise<Dependencies> {
  const all = await dependenciesOf(scope);
  const wholes = new Map((await partsOf(scope)).map(({ part, whole }) => [part, whole]));
  const separate = new Set<ObjectKey>();
  const wholeOf = (key: ObjectKey): ObjectKey => {
    const whole = separate.has(key) ? undefined : wholes.get(key);
    return whole === undefined ? key : wholeOf(whole);
  };
  const edges = edgesOf(all, wholeOf);
  const byFrom = grouped(all, ({ from }) => from);
  const found = (await addableOf(scope))
    .map(({ part }) => part)
    .filter((part) => {
      const whole = wholeOf(part);
      return (byFrom.get(part) ?? []).some(({ to }) => {
        const start = wholeOf(to);
        return start !== whole && reaches(edges, start, whole);
      });
    });
  for (const part of found) separate.add(part);
  return { all, wholeOf, separate };
}

type Edges = ReadonlyMap<ObjectKey, ReadonlySet<ObjectKey>>;

function edgesOf(all: readonly Dependency[], wholeOf: (key: ObjectKey) => ObjectKey): Edges {
  const edges = new Map<ObjectKey, Set<ObjectKey>>();
  for (const { from, to } of all) {
    const [start, end] = [wholeOf(from), wholeOf(to)];
    if (start === end) continue;
    const ends = edges.get(start) ?? new Set();
    edges.set(start, ends.add(end));
  }
  return edges;
}

function reaches(edges: Edges, start: ObjectKey, goal: ObjectKey): boolean {
  const seen = new Set<ObjectKey>();
  const waiting = [start];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (key === goal) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    waiting.push(...(edges.get(key) ?? []));
  }
  return false;
}

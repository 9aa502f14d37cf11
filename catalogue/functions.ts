/** Functions, procedures and aggregates. */
import type { Texts } from './deparse.js';
import { quoteIdentifier, quoteLiteral, shownName } from './names.js';
import { keyOf, notOfExtension, type Scope } from './scope.js';
import type { Note, Piece, Refusal } from './statement.js';
import { edited, TARGET, type Edit } from './target.js';
import { wordsOf, type Token } from './tokens.js';

export interface Routine {
  readonly oid: number;
  readonly name: string;
  /** `f`, `p`, `a`, `w` (pg_proc.prokind) */
  readonly kind: string;
  readonly language: string;
  readonly trusted: boolean;
  readonly securityDefiner: boolean;
  readonly leakproof: boolean;
  readonly support: boolean;
  /** The body as text; null for a body that the server has parsed. */
  readonly body: string | null;
  /** Names of its parameters that only a superuser may set. */
  readonly privileged: readonly string[];
  readonly setsPath: boolean;
  readonly aggregate: Aggregate | null;
}

interface Aggregate {
  /** `n`: no ordered set */
  readonly kind: string;
  readonly initial: string | null;
  /** Moving, serialising, with a sort operator: not carried. */
  readonly special: boolean;
  readonly extra: boolean;
  readonly parallel: string;
}

/** Functions that the server makes for a range type belong to the type. */
export const routinesOf = ({ tx, namespace }: Scope) => tx<Routine[]>`
  SELECT p.oid, p.proname AS name, p.prokind AS kind, l.lanname AS language, l.lanpltrusted AS trusted,
    p.prosecdef AS "securityDefiner", p.proleakproof AS leakproof, p.prosupport <> 0 AS support,
    CASE WHEN p.prosqlbody IS NULL THEN p.prosrc END AS body,
    coalesce((SELECT json_agg(s.name) FROM unnest(p.proconfig) config
      JOIN pg_settings s ON s.name = split_part(config, '=', 1) AND s.context NOT IN ('user')), '[]') AS privileged,
    coalesce((SELECT bool_or(config LIKE 'search\\_path=%') FROM unnest(p.proconfig) config), false) AS "setsPath",
    (SELECT json_build_object('kind', g.aggkind, 'initial', g.agginitval, 'extra', g.aggfinalextra,
        'parallel', p.proparallel,
        'special', g.aggmtransfn <> 0 OR g.aggserialfn <> 0 OR g.aggsortop <> 0 OR g.aggtransspace <> 0)
      FROM pg_aggregate g WHERE g.aggfnoid = p.oid) AS aggregate
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.pronamespace = ${namespace} AND ${notOfExtension(tx, 'pg_proc', 'p.oid')}
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
  ORDER BY p.proname COLLATE "C"`;

export interface Routines {
  readonly pieces: Piece[];
  readonly notes: Note[];
  readonly refusals: Refusal[];
}

export function routinePieces(
  routines: readonly Routine[],
  schema: string,
  texts: Texts,
): Routines {
  const [pieces, notes, refusals]: [Piece[], Note[], Refusal[]] = [[], [], []];
  for (const routine of routines) {
    const args = texts.get('arguments', routine.oid);
    const object = { kind: KINDS[routine.kind] ?? 'function', name: nameWith(routine, args) };
    const reason = reasonAgainst(routine);
    if (reason === null) {
      const sql = routine.kind === 'a' ? createAggregate : createFunction;
      pieces.push({
        phase: 'graph',
        ...object,
        sql: sql(routine, args, schema, texts),
        key: keyOf('pg_proc', routine.oid),
        comment: `${object.kind.toUpperCase()} ${quoteIdentifier(routine.name)}(${starFor(routine, args)})`,
      });
      notes.push(...differencesOf(routine, schema).map((text) => ({ ...object, text })));
    } else refusals.push({ ...object, reason });
  }
  return { pieces, notes, refusals };
}

const KINDS: Readonly<Record<string, string>> = { f: 'function', p: 'procedure', a: 'aggregate' };

/** For people, so without the placeholder. */
const nameWith = ({ name }: Routine, args: string): string =>
  `${shownName(name)}(${args.replaceAll(`${TARGET}.`, '')})`;

/** COMMENT ON AGGREGATE wants a star for no arguments. */
const starFor = ({ kind }: Routine, args: string): string =>
  kind === 'a' && args === '' ? '*' : args;

function reasonAgainst({ language, trusted, privileged, aggregate }: Routine): string | null {
  if (aggregate !== null)
    return aggregate.special || aggregate.kind !== 'n'
      ? 'only plain aggregates can be copied: no moving state, serialisation, sort operator or ordered set'
      : null;
  if (!trusted && language !== 'sql')
    return `only a superuser may create a function in the language ${language}`;
  if (privileged.length > 0) return `it sets ${privileged.join(', ')}, as only a superuser may`;
  return null;
}

function differencesOf(routine: Routine, schema: string): string[] {
  const { securityDefiner, leakproof, support, setsPath, body } = routine;
  return [
    ...(securityDefiner ? ['SECURITY DEFINER is left out: it runs with the caller’s rights'] : []),
    ...(leakproof ? ['LEAKPROOF is left out'] : []),
    ...(support ? ['SUPPORT is left out'] : []),
    ...(setsPath ? [`its search_path is set; ${schema} in it becomes the copy’s schema`] : []),
    ...(body !== null && namesSchema(body, schema)
      ? [`its body names the schema ${schema} and is copied unchanged`]
      : []),
  ];
}

/** Strings in the body count too: they may be dynamic SQL. */
function namesSchema(body: string, schema: string): boolean {
  const escaped = schema.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}_$.])"?${escaped}"?\s*\.\s*["\p{L}_%]`, 'iu').test(
    body,
  );
}

function createFunction(routine: Routine, _args: string, schema: string, texts: Texts): string {
  const text = texts.get('function', routine.oid).replace(/^CREATE OR REPLACE /, 'CREATE ');
  const header = headerOf(text);
  const cuts: Edit[] = [
    ...(routine.securityDefiner ? cutOf(header, ['security', 'definer']) : []),
    ...(routine.leakproof ? cutOf(header, ['leakproof']) : []),
    ...(routine.support ? supportCut(header) : []),
    ...(routine.setsPath ? pathCuts(header, schema) : []),
  ];
  return edited(text, cuts).trimEnd();
}

/** The words outside parentheses, so without arguments and their defaults. */
function headerOf(text: string): Token[] {
  let depth = 0;
  return wordsOf(text).filter(({ value }) => {
    if (value === ')') depth -= 1;
    const outside = depth === 0;
    if (value === '(') depth += 1;
    return outside;
  });
}

const endOf = (word: Token): number => word.start + word.text.length;

function cutOf(header: readonly Token[], keywords: readonly string[]): Edit[] {
  const at = header.findIndex((_, i) =>
    keywords.every((keyword, k) => header[i + k]?.value === keyword && !header[i + k]?.quoted),
  );
  const [first, last] = [header[at], header[at + keywords.length - 1]];
  return first === undefined || last === undefined
    ? []
    : [{ start: first.start, end: endOf(last), by: '' }];
}

/** `SUPPORT function`, with a schema or without. */
function supportCut(header: readonly Token[]): Edit[] {
  const at = header.findIndex(({ value, quoted }) => value === 'support' && !quoted);
  const first = header[at];
  const last = header[at + 2]?.value === '.' ? header[at + 3] : header[at + 1];
  return first === undefined || last === undefined
    ? []
    : [{ start: first.start, end: endOf(last), by: '' }];
}

/** `SET search_path TO 'a', 'b'`: the source schema in it becomes the copy's. */
function pathCuts(header: readonly Token[], schema: string): Edit[] {
  const at = header.findIndex(
    ({ value }, i) => value === 'search_path' && header[i - 1]?.value === 'set',
  );
  const cuts: Edit[] = [];
  for (let i = at + 2; header[i]?.type === 'string'; i += 2) {
    const word = header[i];
    if (word?.text === quoteLiteral(schema))
      cuts.push({ start: word.start, end: endOf(word), by: TARGET });
    if (header[i + 1]?.value !== ',') break;
  }
  return cuts;
}

const PARALLEL: Readonly<Record<string, string>> = { s: 'SAFE', r: 'RESTRICTED' };

function createAggregate(routine: Routine, args: string, _schema: string, texts: Texts): string {
  const { oid, name, aggregate } = routine;
  const [final, combine] = [texts.find('final function', oid), texts.find('combine function', oid)];
  const parallel = PARALLEL[aggregate?.parallel ?? ''];
  const initial = aggregate?.initial ?? null;
  const options = [
    `SFUNC = ${texts.get('transition function', oid)}`,
    `STYPE = ${texts.get('state type', oid)}`,
    ...(final === null ? [] : [`FINALFUNC = ${final}`]),
    ...(aggregate?.extra === true ? ['FINALFUNC_EXTRA'] : []),
    ...(combine === null ? [] : [`COMBINEFUNC = ${combine}`]),
    ...(initial === null ? [] : [`INITCOND = ${quoteLiteral(initial)}`]),
    ...(parallel === undefined ? [] : [`PARALLEL = ${parallel}`]),
  ];
  return `CREATE AGGREGATE ${quoteIdentifier(name)}(${starFor(routine, args)}) (${options.join(', ')})`;
}

/**
 * Takes the source schema's name out of deparsed text, where the server qualifies each name. Where
 * a shorter name could mean another object (a CTE, a function of pg_catalog), a placeholder stands
 * for the schema of the copy.
 */
import { fromItems } from './from-items.js';
import { quoteIdentifier, quoteLiteral } from './names.js';
import { tokensOf, wordsOf, type Token } from './tokens.js';

/**
 * Longer than the 63 bytes of a name, so no object has this name. It is replaced as a token, so a
 * text with the same letters in a literal stays.
 */
const PLACEHOLDER = 'the schema in which this statement is applied, whatever it is called';

export const TARGET = quoteIdentifier(PLACEHOLDER);

/** The statement for a schema. */
export function forTarget(sql: string, target: string): string {
  if (!sql.includes(TARGET)) return sql;
  return tokensOf(sql)
    .map(({ text }) => (text === TARGET ? quoteIdentifier(target) : text))
    .join('');
}

export interface Source {
  readonly schema: string;
  /** Names of its objects that pg_catalog has too. */
  readonly hidden: ReadonlySet<string>;
  /** Names of extensions' objects in it: they stay where they are. */
  readonly members: ReadonlySet<string>;
  /** Names that an extension's object and one of its own have. */
  readonly shared: ReadonlySet<string>;
  /** One of its objects has the schema's name, so a qualifier may be an alias. */
  readonly hasOwnName: boolean;
}

/**
 * How a text is read. `definition`: the first qualified name is that of the object, or of its
 * table. `function`: the same, and each name before the body is an object. `names`: it has no
 * expression, so no column.
 */
export type Reading = 'names' | 'expression' | 'definition' | 'function';

export interface Retargeted {
  readonly text: string;
  /** What the copy would share with the source, if any. */
  readonly problem: string | null;
}

export function retarget(text: string, source: Source, reading: Reading): Retargeted {
  const { schema } = source;
  // Texts with types and functions of pg_catalog alone end here.
  if (!mentions(text, schema)) return { text, problem: null };
  const words = wordsOf(text);
  const isReference = referencesIn(words, source, reading);
  const bare = bareNames(words);
  const edits: Edit[] = [];
  let problem: string | null = null;
  for (const [i, word] of words.entries()) {
    const name = words[i + 2];
    const named = isOperator(words, i) ? operatorAt(words, i + 2) : (name?.value ?? '');
    if (word.type === 'string') {
      const literal = literalEdit(words, i, source);
      if (literal !== null && typeof literal !== 'string') edits.push(literal);
      else problem ??= literal;
    } else if (isQualifier(words, i, schema) && name !== undefined && isReference(i)) {
      const own = edits.length === 0 && (reading === 'definition' || reading === 'function');
      if (own) edits.push({ start: word.start, end: name.start, by: '' });
      else if (source.shared.has(named))
        problem ??= `${named}, which is an extension’s object and an object of the schema`;
      else if (!source.members.has(named))
        edits.push(
          isOperator(words, i) || source.hidden.has(named) || bare.has(named)
            ? { start: word.start, end: word.start + word.text.length, by: TARGET }
            : { start: word.start, end: name.start, by: '' },
        );
    }
  }
  return { text: edited(text, edits), problem };
}

/** Also in a constant, where quotes and backslashes are doubled. */
function mentions(text: string, schema: string): boolean {
  const quoted = schema.replaceAll('"', '""');
  return (
    text.includes(quoted) ||
    (/['\\]/.test(quoted) && text.includes(quoted.replace(/['\\]/g, '$&$&')))
  );
}

/** A replacement of a part of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

export const edited = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((whole, { start, end, by }) => whole.slice(0, start) + by + whole.slice(end), text);

const isQualifier = (words: readonly Token[], i: number, schema: string): boolean =>
  isName(words[i], schema) &&
  words[i + 1]?.value === '.' &&
  (words[i + 2]?.type === 'name' || isOperator(words, i)) &&
  words[i - 1]?.value !== '.';

/** `OPERATOR(schema.=)` */
const isOperator = (words: readonly Token[], i: number): boolean =>
  words[i - 1]?.value === '(' && isName(words[i - 2], 'operator');

/** The server writes an operator's characters without a space, up to the parenthesis. */
function operatorAt(words: readonly Token[], from: number): string {
  const end = words.findIndex(({ value }, i) => i >= from && value === ')');
  return words
    .slice(from, end)
    .map(({ text }) => text)
    .join('');
}

const isName = (word: Token | undefined, name: string): boolean =>
  word?.type === 'name' && word.value === name;

/** Names that the text may define: CTEs, aliases. A qualifier defines nothing. */
const bareNames = (words: readonly Token[]): ReadonlySet<string> =>
  new Set(
    words
      .filter(
        ({ type }, i) =>
          type === 'name' && words[i - 1]?.value !== '.' && words[i + 1]?.value !== '.',
      )
      .map(({ value }) => value),
  );

/** Aliases of rows without a FROM: a schema with such a name is taken for the alias. */
const IMPLICIT_ALIASES = new Set(['old', 'new', 'excluded']);

/** Before a qualified name, these tell that it is no column. */
const BEFORE_OBJECT = new Set(['::', 'join', 'only', 'into', 'update', 'collate', 'references']);

/**
 * Decides whether `schema.x` at an index is an object of the schema, or a column of an alias with
 * the schema's name: a schema often has a table of its own name.
 */
function referencesIn(
  words: readonly Token[],
  { schema, hasOwnName }: Source,
  reading: Reading,
): (i: number) => boolean {
  const mayBeAlias = hasOwnName || IMPLICIT_ALIASES.has(schema) || bareNames(words).has(schema);
  if (!mayBeAlias || reading === 'names') return () => true;
  const body = reading === 'function' ? bodyStart(words) : 0;
  const items = fromItems(words);
  let first = reading === 'definition';
  return (i) => {
    if (first || i < body || items.has(i) || isOperator(words, i)) {
      first = false;
      return true;
    }
    const before = words[i - 1];
    // A column is no function.
    if (words[i + 3]?.value === '(') return true;
    return before !== undefined && !before.quoted && BEFORE_OBJECT.has(before.value);
  };
}

/** The first word of a body that the server has parsed; a body as text is one word. */
function bodyStart(words: readonly Token[]): number {
  const at = words.findIndex(
    ({ value, quoted }, i) =>
      !quoted && (value === 'return' || (value === 'begin' && isName(words[i + 1], 'atomic'))),
  );
  return at === -1 ? words.length : at;
}

/**
 * The edit for `'schema.x'::regclass`; a text if the literal cannot be changed; null if it names
 * nothing of the schema.
 */
function literalEdit(words: readonly Token[], i: number, source: Source): Edit | string | null {
  const [word, type] = [words[i], words[i + 2]];
  if (word === undefined || words[i + 1]?.value !== '::') return null;
  if (type?.type !== 'name' || !type.value.startsWith('reg')) return null;
  const parts = wordsOf(contentOf(word.text));
  if (!parts.some((_, k) => isQualifier(parts, k, source.schema))) return null;
  const [, , name] = parts;
  const isSimple = parts.length === 3 && isQualifier(parts, 0, source.schema);
  if (!isSimple || name === undefined || source.hidden.has(name.value))
    return `the constant ${word.text}`;
  if (source.members.has(name.value)) return null;
  return {
    start: word.start,
    end: word.start + word.text.length,
    by: quoteLiteral(name.text),
  };
}

/** `E'…'` doubles backslashes too. */
function contentOf(literal: string): string {
  const text = literal.slice(literal.indexOf("'") + 1, -1).replaceAll("''", "'");
  return /^e/i.test(literal) ? text.replaceAll('\\\\', '\\') : text;
}

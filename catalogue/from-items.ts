/** Finds the items of FROM lists in deparsed SQL. There a qualified name is a relation, not a column. */
import type { Token } from './tokens.js';

/** Where words are: in a statement before its FROM, in a FROM list, or in an expression. */
type Place = 'statement' | 'from' | 'expression';

const BEGINS_STATEMENT = new Set(['select', 'delete', 'update', 'insert', 'merge', 'set']);

const ENDS_FROM = new Set([
  ...['where', 'group', 'having', 'window', 'order', 'limit', 'offset', 'fetch', 'for'],
  ...['union', 'intersect', 'except', 'returning', 'values', 'when'],
]);

const BEFORE_ITEM = new Set(['from', 'join', 'only', 'lateral', 'using', ',', '(']);

/** Indexes of words at which an item of a FROM list begins. */
export function fromItems(words: readonly Token[]): ReadonlySet<number> {
  const items = new Set<number>();
  // One place for each depth of parentheses.
  const places: Place[] = ['expression'];
  for (const [i, word] of words.entries()) {
    const place = places.at(-1) ?? 'expression';
    const isItem = place === 'from' && isKeyword(words[i - 1], BEFORE_ITEM);
    if (isItem) items.add(i);
    if (word.value === '(') places.push(isItem ? 'from' : 'expression');
    else if (word.value === ')') places.pop();
    else if (word.type === 'name' && !word.quoted)
      places[places.length - 1] = placeAfter(word.value, place, words[i - 1]);
  }
  return items;
}

function placeAfter(keyword: string, place: Place, before: Token | undefined): Place {
  if (BEGINS_STATEMENT.has(keyword)) return 'statement';
  // `a IS DISTINCT FROM b`; `extract(year FROM a)` is in an expression's parentheses.
  if (keyword === 'from' && place === 'statement' && before?.value !== 'distinct') return 'from';
  // MERGE INTO a USING b: no FROM.
  if (keyword === 'using' && place === 'statement') return 'from';
  return place === 'from' && ENDS_FROM.has(keyword) ? 'expression' : place;
}

const isKeyword = (word: Token | undefined, keywords: ReadonlySet<string>): boolean =>
  word !== undefined && !word.quoted && keywords.has(word.value);

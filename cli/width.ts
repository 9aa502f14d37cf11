/** The width of a text on a terminal. East Asian characters and emoji take two columns. */
import { stripVTControlCharacters } from 'node:util';

let segmenter: Intl.Segmenter | undefined;
/** Made on first use: it loads the tables of Unicode, which plain ASCII does not need. */
const graphemesOf = (text: string): Intl.Segments =>
  (segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })).segment(text);

const WIDE =
  /\p{Emoji_Presentation}|\uFE0F|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303F\uFF01-\uFF60\uFFE0-\uFFE6]/u;
const NARROW = /^[\x20-\x7E]*$/;

/** In columns; colours take none. */
export function columnsOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (NARROW.test(plain)) return plain.length;
  let columns = 0;
  for (const { segment } of graphemesOf(plain)) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

/** Cuts a text to this many columns, with `…` at the end. Never cuts inside a character. */
export function cutTo(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemesOf(text)) {
    used += columnsOf(segment);
    if (used > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

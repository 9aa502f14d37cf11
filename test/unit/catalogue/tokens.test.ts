import { expect, it } from 'vitest';
import { tokensOf } from '../../../catalogue/tokens.js';

const wordsOf = (text: string): string[] =>
  tokensOf(text)
    .filter(({ type }) => type !== 'space')
    .map(({ type, text: word }) => `${type} ${word}`);

it.each<[string, string[]]>([
  [`a."b""c".d`, ['name a', 'other .', 'name "b""c"', 'other .', 'name d']],
  [`'it''s' E'a\\'b'`, [`string 'it''s'`, `string E'a\\'b'`]],
  [`'a\\' b`, [`string 'a\\'`, 'name b']],
  ['$$a $x$ b$$ c', ['string $$a $x$ b$$', 'name c']],
  ['$x$a $$ b$x$', ['string $x$a $$ b$x$']],
  ['a$1 $1', ['name a$1', 'other $', 'other 1']],
  ['1.5e10::x', ['other 1.5e10', 'other ::', 'name x']],
  ['ünï_1', ['name ünï_1']],
])('%s has the words %j', (text, expected) => {
  expect(wordsOf(text)).toEqual(expected);
});

it('the tokens together are the text', () => {
  const text = `SELECT "a b".c, E'x''\\'', $f$ 'y" $f$ -- z\n FROM ünï WHERE a <> 'unclosed`;
  expect(
    tokensOf(text)
      .map((token) => token.text)
      .join(''),
  ).toBe(text);
});

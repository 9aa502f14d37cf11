/** The tokens of SQL text from the server's deparser, so that literals and names are told apart. */

export interface Token {
  readonly type: 'name' | 'string' | 'space' | 'other';
  readonly text: string;
  readonly start: number;
  /** Of a name: without quotes. Of another token: the text. */
  readonly value: string;
  readonly quoted: boolean;
}

const TOKEN = new RegExp(
  [
    // E'…' has escapes; the server writes it for a text with a backslash.
    String.raw`(?<string>[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$(?<tag>(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[\s\S]*?\$\k<tag>\$)`,
    String.raw`(?<quoted>"(?:[^"]|"")*")`,
    String.raw`(?<name>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<space>\s+)`,
    // A number is one token: 1e5 has no name in it.
    String.raw`(?<other>\d[\w.]*|::|[\s\S])`,
  ].join('|'),
  'y',
);

export function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) return found;
    found.push({ start, ...tokenOf(groups) });
  }
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>): Omit<Token, 'start'> {
  const { string, quoted, name, space, other = '' } = groups;
  const plain = { quoted: false };
  if (quoted !== undefined) {
    const value = quoted.slice(1, -1).replaceAll('""', '"');
    return { type: 'name', text: quoted, value, quoted: true };
  }
  if (name !== undefined) return { type: 'name', text: name, value: name.toLowerCase(), ...plain };
  if (string !== undefined) return { type: 'string', text: string, value: string, ...plain };
  if (space !== undefined) return { type: 'space', text: space, value: space, ...plain };
  return { type: 'other', text: other, value: other, ...plain };
}

/** Without white space, which separates but does not count. */
export const wordsOf = (text: string): Token[] =>
  tokensOf(text).filter(({ type }) => type !== 'space');

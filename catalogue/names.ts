/** Names and literals in SQL. */

/** Always quoted: the list of keywords differs between versions. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** For `standard_conforming_strings = on` (catalogue/session.ts). */
export const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** For people: quoted only if a reader could take it for something else. */
export const shownName = (...parts: readonly string[]): string =>
  parts.map((part) => (/^[a-z_][a-z0-9_$]*$/.test(part) ? part : quoteIdentifier(part))).join('.');

/** `WITH (…)` of options in the catalogue's form `name=value`; empty for none. */
export function withOptions(options: readonly string[] | null): string {
  const list = optionList(options ?? []);
  return list === '' ? '' : ` WITH (${list})`;
}

export const optionList = (options: readonly string[]): string =>
  options
    .map((option) => {
      const end = option.indexOf('=');
      const name = option.slice(0, end).split('.').map(quoteIdentifier).join('.');
      return `${name} = ${quoteLiteral(option.slice(end + 1))}`;
    })
    .join(', ');

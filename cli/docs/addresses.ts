/** The table of docs/addresses.md, from the table that reads addresses. */
import { POSTGRES_PARAMETERS } from '../../platform/addresses/postgres-parameters.js';

const BEGIN = '<!-- generated: the parameters (npm run generate) -->';
const END = '<!-- end of what is generated -->';

export function withParameters(page: string): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error('docs/addresses.md has lost its markers');
  const rows = Object.entries(POSTGRES_PARAMETERS).map(([name, { use, note, values }]) => {
    const taken = (values ?? []).map((value) => `\`${value}\``).join(' ');
    return `| \`${name}\` | ${use} | ${taken} | ${note} |`;
  });
  const table = ['| parameter | here | values | note |', '| --- | --- | --- | --- |', ...rows];
  return `${page.slice(0, before + BEGIN.length)}\n\n${table.join('\n')}\n\n${page.slice(after)}`;
}

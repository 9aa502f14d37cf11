/** The table of docs/addresses.md, from the table that parses addresses. */
import { POSTGRES_PARAMETERS } from '../../platform/addresses/postgres-parameters.js';

export function parameterTable(): string {
  const rows = Object.entries(POSTGRES_PARAMETERS).map(([name, { use, note, values }]) => {
    const taken = (values ?? []).map((value) => `\`${value}\``).join(' ');
    return `| \`${name}\` | ${use} | ${taken} | ${note} |`;
  });
  return ['| parameter | here | values | note |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

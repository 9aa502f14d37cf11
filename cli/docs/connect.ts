/** The generated parts of docs/connect.md: the variables, and the programs of examples/clients. */
import { sandboxVariables } from '../../control/environment.js';

interface Example {
  readonly title: string;
  /** Path from the repository's root. */
  readonly file: string;
}

export const CLIENT_EXAMPLES: readonly Example[] = [
  { title: 'NATS, Node: `nats` 2', file: 'examples/clients/nats-js/main.mjs' },
  { title: 'Redis, Node: `ioredis` 5', file: 'examples/clients/ioredis/main.mjs' },
  { title: 'Postgres, Node: `postgres` 3', file: 'examples/clients/postgres/main.mjs' },
  { title: 'Postgres, Node: `pg` 8', file: 'examples/clients/pg/main.mjs' },
  { title: 'NATS, Python: `nats-py` 2', file: 'examples/clients/nats-py/main.py' },
  { title: 'Redis, Python: `redis` 8', file: 'examples/clients/redis-py/main.py' },
  { title: 'Postgres, Python: `psycopg` 3', file: 'examples/clients/psycopg/main.py' },
];

export const isPython = ({ file }: Example): boolean => file.endsWith('.py');

/** The command that a reader types in a checkout. */
export const commandOf = (example: Example): string =>
  `bd sandbox exec my-fix -- ${isPython(example) ? '.venv/bin/python' : 'node'} ${example.file}`;

export function variableTable(): string {
  const rows = Object.entries(sandboxVariables()).map(
    ([name, { meaning, example, secret }]) =>
      `| \`${name}\` | ${meaning} | \`${example}\` | ${secret ? 'yes' : 'no'} |`,
  );
  return [
    '| variable | what it is | such as | secret |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

export function exampleSections(read: (path: string) => string): string {
  return CLIENT_EXAMPLES.map((example) =>
    [
      `### ${example.title}`,
      ...['', '```sh', commandOf(example), '```'],
      ...['', `\`${example.file}\`:`],
      ...['', `\`\`\`${isPython(example) ? 'python' : 'js'}`, read(example.file).trimEnd(), '```'],
    ].join('\n'),
  ).join('\n\n');
}

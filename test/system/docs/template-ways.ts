/** The commands of the pages about templates, each typed with a template of its own. */
import type { Control } from '../../../domain/control.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { someName, stackState } from '../../support/stack.js';
import type { Way } from './way.js';

/** A folder of SQL files. */
const SQL = 'examples/migrations/prisma/migrations/20260101000000_members';

/** @param sandbox the name in the pages @param removeAll makes that name free */
export function templateWays(
  sandbox: string,
  client: () => Control,
  removeAll: () => Promise<void>,
): Readonly<Record<string, Way>> {
  const team = async (): Promise<string> => {
    const files = [{ name: '1.sql', sql: 'CREATE TABLE members (id int)' }];
    return (await client().addTemplate({ name: someName(), files })).name;
  };
  const line = (text: string): Way => ({ as: () => Promise.resolve(text) });
  const withTeam = (text: string, more = ''): Way => ({
    as: async () => `${text} ${await team()} ${more}`,
  });
  return {
    "bd sandbox create my-fix --template empty --then 'npm run migrate'": {
      ...line(`bd sandbox create ${sandbox} --template empty --then 'npm --version'`),
      ...{ first: removeAll, says: /template empty/ },
    },
    "bd sandbox create my-fix --template shop --then 'npm run migrate'": {
      ...withTeam(`bd sandbox create ${sandbox} --template`, "--then 'npm --version'"),
      ...{ first: removeAll, says: /template test-/ },
    },
    'bd sandbox create my-fix --template shop': {
      ...withTeam(`bd sandbox create ${sandbox} --template`),
      ...{ first: removeAll, says: /template test-/ },
    },
    'bd sandbox exec my-fix -- npm run migrate': line(
      `bd sandbox exec ${sandbox} -- npm --version`,
    ),
    [`bd template add members --from-sql ${SQL}`]: { says: /1 SQL files, 2 tables/ },
    'bd template add <template>': withTeam('bd template add', `--from-sql ${SQL}`),
    'bd template add shop --from-sql db/': line(`bd template add ${someName()} --from-sql ${SQL}`),
    'bd template add shop --from-schema shop': {
      as: async () => `bd template add ${someName()} --from-schema ${await teamSchema()}`,
    },
    'bd template show <template>': withTeam('bd template show'),
    'bd template show shop': withTeam('bd template show'),
    'bd template refresh <template>': {
      as: async () => {
        const schema = await teamSchema();
        return `bd template refresh ${(await client().addTemplate({ name: someName(), schema })).name}`;
      },
      says: /version 2/,
    },
    'bd template remove <template>': withTeam('bd template remove'),
  };
}

/** A live schema of the database of the sandboxes. */
async function teamSchema(): Promise<string> {
  const name = someName().replace('-', '_');
  const sql = openPostgres(stackState().urls.admin.database, { name: 'test', max: 1 });
  await sql.unsafe(`CREATE SCHEMA ${name}; CREATE TABLE ${name}.members (id int)`);
  await closePostgres(sql);
  return name;
}

/** `bd template add`: makes a template of a schema, or of SQL files. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SandboxError } from '../../../domain/errors.js';
import { tellCreateTime, type SqlFile, type Template } from '../../../domain/template.js';
import { JSON_OPTION, type Command } from '../../command.js';
import { note, print, printJson, type Io } from '../../io.js';
import { withLastingProgress } from '../../progress.js';
import { describeSource } from './list.js';

export const addTemplateCommand: Command = {
  name: 'add',
  args: '<template>',
  summary: 'Make a template, or its next version',
  options: [
    {
      flags: '--from-schema <schema>',
      description: 'Copy this schema of the database of the sandboxes, without rows (operators)',
    },
    {
      flags: '--from-sql <folder>',
      description: 'Run the .sql files of this folder, in the order of their names',
    },
    JSON_OPTION,
  ],
  examples: ['bd template add shop --from-schema shop', 'bd template add shop --from-sql db/'],

  async run({ io, input, client }) {
    const [name = ''] = input.args;
    const [schema, folder] = [input.text('fromSchema'), input.text('fromSql')];
    const files = folder === undefined ? undefined : await sqlFiles(folder);
    const api = await client();
    const template = await withLastingProgress(io, 'making', () =>
      api.addTemplate({
        name,
        ...(schema === undefined ? {} : { schema }),
        ...(files === undefined ? {} : { files }),
      }),
    );
    if (input.flag('json')) return printJson(io, template);
    await sayMade(io, template);
  },
};

export async function sayMade(io: Io, template: Template): Promise<void> {
  const { name, version, tables, notes, extensions } = template;
  for (const { kind, name: object, text } of notes) await note(io, `${kind} ${object}: ${text}`);
  if (extensions.length > 0) await note(io, `It needs the extensions ${extensions.join(', ')}.`);
  const time = tellCreateTime(template);
  if (time !== null) await note(io, time);
  const what = `${describeSource(template)}, ${tables} tables`;
  await print(
    io,
    `template ${name}, version ${version}: ${what}\nbd sandbox create --template ${name}`,
  );
}

/** In the order of their names, as migration tools write them. @throws SANDBOX_008 */
async function sqlFiles(folder: string): Promise<SqlFile[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
    const files = names.map(async (name) => ({
      name,
      sql: await readFile(join(folder, name), 'utf8'),
    }));
    if (names.length > 0) return await Promise.all(files);
  } catch (error) {
    throw new SandboxError(
      'SANDBOX_008',
      `cannot read the files of ${folder}: ${messageOf(error)}`,
    );
  }
  throw new SandboxError('SANDBOX_008', `${folder} has no file whose name ends with .sql`);
}

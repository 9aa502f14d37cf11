/** `bd sandbox reset`: the same sandbox, empty. */
import { JSON_OPTION, type Command } from '../command.js';
import { confirmed } from '../confirm.js';
import { print, printJson } from '../io.js';
import { withLastingProgress } from '../progress.js';

export const resetCommand: Command = {
  name: 'reset',
  args: '<sandbox>',
  summary: 'Empty schema and keys and change the credentials; guilds and expiry stay',
  options: [
    { flags: '--confirm', description: 'Do not ask first' },
    { flags: '--yes', description: 'Do not ask first' },
    JSON_OPTION,
  ],

  async run({ io, input, client }) {
    const [name = ''] = input.args;
    const api = await client();
    if (!input.flag('confirm') && !input.flag('yes'))
      await confirmed(io, 'reset', `sandbox ${name}`);
    const sandbox = await withLastingProgress(io, 'resetting', () => api.reset(name));
    if (input.flag('json')) return printJson(io, sandbox);
    await print(
      io,
      `${sandbox.name} is empty, with new credentials: run \`bd sandbox connect ${sandbox.name}\` again`,
    );
  },
};

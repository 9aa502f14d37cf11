/** `bd sandbox reset`: the same sandbox, empty. */
import { JSON_OPTION, type Command } from '../command.js';
import { CONFIRM_OPTIONS, confirmed } from '../confirm.js';
import { asTyped, print, printJson } from '../io.js';
import { withLastingProgress } from '../progress.js';

export const resetCommand: Command = {
  name: 'reset',
  args: '<sandbox>',
  summary: 'Empty schema and keys and change the credentials; guilds and expiry stay',
  options: [...CONFIRM_OPTIONS, JSON_OPTION],

  async run(context) {
    const { io, input, client } = context;
    const [name = ''] = input.args;
    const api = await client();
    await confirmed(context, 'reset', `sandbox ${name}`);
    const sandbox = await withLastingProgress(io, 'resetting', () => api.reset(name));
    if (input.flag('json')) return printJson(io, sandbox);
    await print(
      io,
      asTyped(
        io,
        `${sandbox.name} is empty, with new credentials: run \`bd sandbox connect ${sandbox.name}\` again`,
      ),
    );
  },
};

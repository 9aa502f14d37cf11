/** `bd sandbox reset`: empties a sandbox and changes its credentials. */
import { SandboxError } from '../../domain/errors.js';
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
    // Checks the status before the question, so that a person confirms only possible resets.
    const { status } = await api.get(name);
    if (status !== 'running')
      throw new SandboxError('SANDBOX_007', `sandbox ${name} is ${status}, not running`);
    await confirmed(context, 'reset', `sandbox ${name}`);
    const sandbox = await withLastingProgress(io, 'resetting', () => api.reset(name));
    if (input.flag('json')) return printJson(io, sandbox);
    await print(
      io,
      asTyped(
        io,
        `${sandbox.name} is empty, with new credentials: start your bot again (\`bd sandbox exec ${sandbox.name} -- …\`); a shell needs \`bd sandbox connect ${sandbox.name}\` again`,
      ),
    );
  },
};

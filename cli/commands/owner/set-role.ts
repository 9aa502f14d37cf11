/** `bd owner set-role`: what an owner's tokens may do at most. */
import { ROLES } from '../../../domain/actor.js';
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { withLastingProgress } from '../../progress.js';

export const setRoleCommand: Command = {
  name: 'set-role',
  args: '<owner> <role>',
  summary: "Set an owner's role, which counts for each of the owner's tokens at once (operators)",
  options: [JSON_OPTION],
  examples: [`bd owner set-role ada ${ROLES[1]}`],

  async run({ io, input, client }) {
    const api = await client();
    const [owner = '', role = ''] = input.args;
    const set = await withLastingProgress(io, 'setting', () => api.setOwnerRole(owner, role));
    if (input.flag('json')) return printJson(io, set);
    await print(io, `${set.owner} has the role ${set.role}`);
  },
};

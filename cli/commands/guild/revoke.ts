/** `bd guild revoke`: ends a grant, and the owner's route of the guild. */
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { withLastingProgress } from '../../progress.js';

export const revokeGrantCommand: Command = {
  name: 'revoke',
  args: '<guild> <owner>',
  summary: "Revoke a grant, and take the guild from the owner's sandbox (operators)",
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const [guild = '', owner = ''] = input.args;
    const grant = await withLastingProgress(io, 'revoking', () => api.revokeGrant(guild, owner));
    if (input.flag('json')) return printJson(io, grant);
    await print(io, `guild ${grant.guildId} is no longer granted to ${grant.owner}`);
  },
};

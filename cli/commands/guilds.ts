/** `bd sandbox register-guild` and `unregister-guild`: route a Discord server's events. */
import { JSON_OPTION, type Command } from '../command.js';
import { print, printJson } from '../io.js';
import { withLastingProgress } from '../progress.js';

export const registerGuildCommand: Command = {
  name: 'register-guild',
  aliases: ['link'],
  args: '<sandbox> <guild>',
  summary: "Send a guild's events to a sandbox instead of production",
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const [sandbox = '', guild = ''] = input.args;
    const after = await withLastingProgress(io, 'registering', () =>
      api.registerGuild(sandbox, guild),
    );
    if (input.flag('json')) return printJson(io, after);
    await print(io, `guild ${guild} goes to ${after.name} from now on`);
  },
};

export const unregisterGuildCommand: Command = {
  name: 'unregister-guild',
  aliases: ['unlink'],
  args: '<guild>',
  summary: "Send a guild's events to production again",
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const [guild = ''] = input.args;
    const after = await withLastingProgress(io, 'unregistering', () => api.unregisterGuild(guild));
    if (input.flag('json')) return printJson(io, after);
    await print(io, `guild ${guild} goes to production from now on (it was at ${after.name})`);
  },
};

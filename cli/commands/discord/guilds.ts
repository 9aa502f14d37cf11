/** `bd discord guilds`: the guilds of simulated Discord. */
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { table } from '../../table.js';
import { ask } from '../../discord/ask.js';

export const guildsCommand: Command = {
  name: 'guilds',
  args: '',
  summary: 'List the guilds of simulated Discord, with their channels',
  options: [JSON_OPTION],

  async run(context) {
    const { io, input } = context;
    const guilds = await ask(context, 'listing', (discord) => discord.guilds());
    if (input.flag('json')) return printJson(io, guilds);
    const rows = guilds.map(({ id, name, channelIds }) => [id, name, channelIds.join(', ')]);
    await print(io, await table(io, ['Guild', 'Name', 'Channels'], rows));
  },
};

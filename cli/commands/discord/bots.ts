/** `bd discord bots`: the bots of simulated Discord, with what a bot needs to connect. */
import { JSON_OPTION, type Command } from '../../command.js';
import { note, print, printJson } from '../../io.js';
import { table } from '../../table.js';
import { ask } from '../../discord/ask.js';

export const botsCommand: Command = {
  name: 'bots',
  args: '',
  summary: 'List the bots of simulated Discord, with their tokens and the address of its API',
  options: [JSON_OPTION],

  async run(context) {
    const { io, input } = context;
    const bots = await ask(context, 'listing', async (discord, url) => {
      const all = await discord.applications();
      return all.map((bot) => ({ ...bot, apiUrl: `${url}/api` }));
    });
    if (input.flag('json')) return printJson(io, bots);
    const rows = bots.map(({ id, name, token }) => [name, id, token]);
    await print(io, await table(io, ['Bot', 'Id', 'Token'], rows));
    for (const url of new Set(bots.map(({ apiUrl }) => apiUrl))) await note(io, `API: ${url}`);
  },
};

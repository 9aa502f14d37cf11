/** `bd discord messages`: what was written in a guild of simulated Discord. */
import { JSON_OPTION, type Command } from '../../command.js';
import { note, print, printJson } from '../../io.js';
import { table } from '../../table.js';
import { ask } from '../../discord/ask.js';

export const messagesCommand: Command = {
  name: 'messages',
  args: '<guild-or-name>',
  summary: 'List the messages of a guild of simulated Discord, the newest last',
  options: [JSON_OPTION],
  examples: ["bd discord messages 'Simulated Lab'"],

  async run(context) {
    const { io, input } = context;
    const [guild = ''] = input.args;
    const messages = await ask(context, 'reading', (discord) => discord.messages(guild));
    if (input.flag('json')) return printJson(io, messages);
    if (messages.length === 0) return note(io, 'No messages yet: `bd discord say` writes one.');
    const rows = messages.map(({ channelId, author, content }) => [channelId, author, content]);
    await print(io, await table(io, ['Channel', 'Author', 'Message'], rows));
  },
};

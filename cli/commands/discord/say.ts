/** `bd discord say`: writes a message in a guild of simulated Discord. */
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { ask } from '../../discord/ask.js';

export const sayCommand: Command = {
  name: 'say',
  args: '<guild-or-name> <text>',
  summary: 'Write a message in a guild of simulated Discord, as its owner',
  options: [
    {
      flags: '--channel <id>',
      description: 'The channel',
      default: "the guild's first text channel",
    },
    JSON_OPTION,
  ],
  examples: ["bd discord say 'Simulated Lab' '!ping'"],

  async run(context) {
    const { io, input } = context;
    const [guild = '', text = ''] = input.args;
    const said = await ask(context, 'writing', (discord) =>
      discord.say(guild, text, input.text('channel')),
    );
    if (input.flag('json')) return printJson(io, said);
    await print(io, `${said.author}: ${said.content} (message ${said.id})`);
  },
};

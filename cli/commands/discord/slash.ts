/** `bd discord slash`: uses a slash command in a guild of simulated Discord. */
import type { SlashResult } from '../../../edge/simulated/control/control.js';
import { JSON_OPTION, type Command } from '../../command.js';
import { note, print, printJson, usage, type Io } from '../../io.js';
import { ask } from '../../discord/ask.js';

export const slashCommand: Command = {
  name: 'slash',
  args: '<guild-or-name> <command> [...options]',
  summary: 'Use a slash command in a guild of simulated Discord, and show the answer of the bot',
  options: [JSON_OPTION],
  examples: [
    "bd discord slash 'Simulated Lab' ping",
    "bd discord slash 'Simulated Lab' rank show member=1456098279219200001",
  ],

  async run(context) {
    const { io, input } = context;
    const [guild = '', ...words] = input.args;
    const { command, options } = partsOf(words);
    const result = await ask(context, 'waiting for the bot', (discord) =>
      discord.slash(guild, command, options),
    );
    if (input.flag('json')) await printJson(io, result);
    else await show(io, result);
    return result.state === 'answered' ? 0 : 1;
  },
};

/** Where there is no message to show. */
const STATES: Readonly<Record<SlashResult['state'], string>> = {
  answered: 'The bot answered without a message.',
  deferred: 'The bot deferred its answer. `bd discord messages` shows it once it is there.',
  unanswered: 'The bot did not answer within 3 seconds.',
};

const show = (io: Io, { state, answer }: SlashResult): Promise<void> =>
  state === 'answered' && answer !== null
    ? print(io, `${answer.author}: ${answer.content}`)
    : note(io, STATES[state]);

/** The words up to the first option are the command with its subcommand. */
function partsOf(words: readonly string[]): { command: string; options: Record<string, string> } {
  const first = words.findIndex((word) => word.includes('='));
  const path = first < 0 ? words : words.slice(0, first);
  const given = first < 0 ? [] : words.slice(first);
  const options = given.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) {
      throw usage(`slash: ${JSON.stringify(word)} is no option`, 'Write option=value.');
    }
    return [word.slice(0, equals), word.slice(equals + 1)] as const;
  });
  return { command: path.join(' '), options: Object.fromEntries(options) };
}

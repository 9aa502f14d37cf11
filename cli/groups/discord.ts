/** `bd discord`. */
import type { Group } from '../command.js';
import { botsCommand } from '../commands/discord/bots.js';
import { guildsCommand } from '../commands/discord/guilds.js';
import { messagesCommand } from '../commands/discord/messages.js';
import { sayCommand } from '../commands/discord/say.js';
import { slashCommand } from '../commands/discord/slash.js';

export const DISCORD: Group = {
  name: 'bd discord',
  isRare: true,
  summary: 'Simulated Discord of the local stack: be the person that a bot talks to.',
  commands: [guildsCommand, sayCommand, slashCommand, messagesCommand, botsCommand],
};

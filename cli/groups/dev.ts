/** `bd dev <command>`. */
import type { Group } from '../command.js';
import { devCommands } from '../dev/commands.js';

export const DEV: Group = {
  name: 'bd dev',
  summary: 'The local stack: servers and processes. Alone it runs all in the foreground.',
  commands: devCommands,
};

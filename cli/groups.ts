/** All commands by group, for what needs every one of them: completion, suggestions, the reference. */
import type { Group } from './command.js';
import { DEV } from './groups/dev.js';
import { DISCORD } from './groups/discord.js';
import { GUILD, OWNER, TOKEN } from './groups/identity.js';
import { ROOT } from './groups/root.js';
import { SANDBOX } from './groups/sandbox.js';
import { TEMPLATE } from './groups/template.js';

export const GROUPS: readonly Group[] = [
  ...[ROOT, SANDBOX, TEMPLATE, TOKEN, GUILD, OWNER, DISCORD, DEV],
];

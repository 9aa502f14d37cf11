/** `bd token`, `bd guild` and `bd owner`. */
import { eitherWay, type Group } from '../command.js';
import { grantGuildCommand } from '../commands/guild/grant.js';
import { listGrantsCommand } from '../commands/guild/list.js';
import { revokeGrantCommand } from '../commands/guild/revoke.js';
import { setRoleCommand } from '../commands/owner/set-role.js';
import { createTokenCommand } from '../commands/token/create.js';
import { listTokensCommand } from '../commands/token/list.js';
import { revokeTokenCommand } from '../commands/token/revoke.js';

export const TOKEN: Group = {
  name: 'bd token',
  isRare: true,
  summary: 'Tokens of the API: create, list and revoke them.',
  commands: eitherWay([createTokenCommand, listTokensCommand, revokeTokenCommand]),
};

export const GUILD: Group = {
  name: 'bd guild',
  isRare: true,
  summary: 'Grants of guilds: which owner may register which guild.',
  commands: eitherWay([grantGuildCommand, revokeGrantCommand, listGrantsCommand]),
};

export const OWNER: Group = {
  name: 'bd owner',
  isRare: true,
  summary: 'Roles of owners.',
  commands: eitherWay([setRoleCommand]),
};

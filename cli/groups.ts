/** All commands by group: `bd <command>`, `bd sandbox <command>`, `bd dev <command>`. */
import { eitherWay, type Command, type Group } from './command.js';
import { completionCommand } from './commands/completion.js';
import { connectCommand } from './commands/connect.js';
import { createCommand } from './commands/create.js';
import { destroyCommand } from './commands/destroy.js';
import { doctorCommand } from './commands/doctor.js';
import { emitCommand } from './commands/emit.js';
import { execCommand } from './commands/exec.js';
import { extendCommand } from './commands/extend.js';
import { grantGuildCommand } from './commands/guild/grant.js';
import { listGrantsCommand } from './commands/guild/list.js';
import { revokeGrantCommand } from './commands/guild/revoke.js';
import { registerGuildCommand, unregisterGuildCommand } from './commands/guilds.js';
import { listCommand } from './commands/list.js';
import { logsCommand } from './commands/logs.js';
import { migrateCommand } from './commands/migrate.js';
import { openCommand } from './commands/open.js';
import { setRoleCommand } from './commands/owner/set-role.js';
import { apiCommand, routerCommand, workerCommand } from './commands/processes.js';
import { resetCommand } from './commands/reset.js';
import { setupCommand } from './commands/setup.js';
import { statusCommand } from './commands/status.js';
import { sweepCommand } from './commands/sweep.js';
import { tailCommand } from './commands/tail.js';
import { createTokenCommand } from './commands/token/create.js';
import { listTokensCommand } from './commands/token/list.js';
import { revokeTokenCommand } from './commands/token/revoke.js';
import { devCommands } from './dev/commands.js';
import { wordFirst } from './tokens.js';

const SANDBOX: Group = {
  name: 'bd sandbox',
  summary: 'Create, list, connect to and destroy sandboxes.',
  commands: eitherWay([
    createCommand,
    listCommand,
    statusCommand,
    connectCommand,
    execCommand,
    destroyCommand,
    extendCommand,
    resetCommand,
    registerGuildCommand,
    unregisterGuildCommand,
    tailCommand,
    emitCommand,
    logsCommand,
    openCommand,
    sweepCommand,
  ]),
};

const TOKEN: Group = {
  name: 'bd token',
  isRare: true,
  summary: 'Tokens of the API: create, list and revoke them.',
  commands: eitherWay([createTokenCommand, listTokensCommand, revokeTokenCommand]),
};

const GUILD: Group = {
  name: 'bd guild',
  isRare: true,
  summary: 'Grants of guilds: which owner may register which guild.',
  commands: eitherWay([grantGuildCommand, revokeGrantCommand, listGrantsCommand]),
};

const OWNER: Group = {
  name: 'bd owner',
  isRare: true,
  summary: 'Roles of owners.',
  commands: eitherWay([setRoleCommand]),
};

const DEV: Group = {
  name: 'bd dev',
  summary: 'The local stack: servers and processes. Alone it runs all in the foreground.',
  commands: devCommands,
};

/** A word that leads to a group, shown in `bd --help`. */
function pointer(name: string, summary: string): Command {
  return { name, args: '[...command]', summary, run: () => Promise.resolve() };
}

const ROOT: Group = {
  name: 'bd',
  summary: 'Discord Server Sandboxes: private copies of a bot’s state, fed with live events.',
  commands: [
    pointer('sandbox', 'Create, list, connect to and destroy sandboxes'),
    pointer('token', 'Tokens of the API'),
    pointer('guild', 'Grants of guilds'),
    pointer('owner', 'Roles of owners'),
    pointer('dev', 'The local stack: servers, worker, router, API'),
    doctorCommand,
    setupCommand,
    migrateCommand,
    workerCommand,
    routerCommand,
    apiCommand,
    completionCommand(() => GROUPS),
  ],
};

export const GROUPS: readonly Group[] = [ROOT, SANDBOX, TOKEN, GUILD, OWNER, DEV];

/** Every command. Options may stand before the word; finding the word needs every option's kind. */
const ALL = GROUPS.flatMap(({ commands }) => commands);

export function groupFor(argv: readonly string[]): { group: Group; rest: readonly string[] } {
  // `help sandbox create` is `sandbox create --help`.
  const asked = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [word, ...rest] = wordFirst(asked, ALL);
  // `bd dev` alone, or with options, runs the stack in the foreground.
  if (word === 'dev') {
    const [first] = wordFirst(rest, DEV.commands);
    const named = first !== undefined && !first.startsWith('-');
    const helps = rest.some((token) => token === '--help' || token === '-h');
    return { group: DEV, rest: named || helps ? rest : ['run', ...rest] };
  }
  const group = GROUPS.find(({ name }) => name === `bd ${word ?? ''}`);
  return group === undefined ? { group: ROOT, rest: asked } : { group, rest };
}

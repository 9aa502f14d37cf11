/** Which words lead to which commands: `bd <command>`, `bd sandbox <command>`, `bd dev <command>`. */
import { eitherWay, type Command, type Group } from './command.js';
import { completionCommand } from './commands/completion.js';
import { connectCommand } from './commands/connect.js';
import { createCommand } from './commands/create.js';
import { destroyCommand } from './commands/destroy.js';
import { doctorCommand } from './commands/doctor.js';
import { emitCommand } from './commands/emit.js';
import { execCommand } from './commands/exec.js';
import { extendCommand } from './commands/extend.js';
import { registerGuildCommand, unregisterGuildCommand } from './commands/guilds.js';
import { listCommand } from './commands/list.js';
import { logsCommand } from './commands/logs.js';
import { migrateCommand } from './commands/migrate.js';
import { openCommand } from './commands/open.js';
import { apiCommand, routerCommand, workerCommand } from './commands/processes.js';
import { resetCommand } from './commands/reset.js';
import { statusCommand } from './commands/status.js';
import { sweepCommand } from './commands/sweep.js';
import { tailCommand } from './commands/tail.js';
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

const DEV: Group = {
  name: 'bd dev',
  summary: 'The local stack: servers, worker, router, API. Alone it runs all in the foreground.',
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
    pointer('dev', 'The local stack: servers, worker, router, API'),
    doctorCommand,
    migrateCommand,
    workerCommand,
    routerCommand,
    apiCommand,
    completionCommand(() => GROUPS),
  ],
};

export const GROUPS: readonly Group[] = [ROOT, SANDBOX, DEV];

/** Every command: which options take a value has to be known to find the word behind those that stand before it. */
const ALL = GROUPS.flatMap(({ commands }) => commands);

export function groupFor(argv: readonly string[]): { group: Group; rest: readonly string[] } {
  // `help sandbox create` is `sandbox create --help`.
  const asked = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [word, ...rest] = wordFirst(asked, ALL);
  if (word === 'sandbox') return { group: SANDBOX, rest };
  // `bd dev` alone, or with options, runs the stack in the foreground.
  if (word === 'dev') {
    const [first] = wordFirst(rest, DEV.commands);
    const named = first !== undefined && !first.startsWith('-');
    const helps = rest.some((token) => token === '--help' || token === '-h');
    return { group: DEV, rest: named || helps ? rest : ['run', ...rest] };
  }
  return { group: ROOT, rest: asked };
}

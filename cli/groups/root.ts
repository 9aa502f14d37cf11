/** `bd <command>`. */
import type { Command, Group } from '../command.js';
import { completionCommand } from '../commands/completion.js';
import { doctorCommand } from '../commands/doctor.js';
import { migrateCommand } from '../commands/migrate.js';
import { apiCommand, routerCommand, workerCommand } from '../commands/processes.js';
import { setupCommand } from '../commands/setup.js';

/** A word that leads to a group, shown in `bd --help`. */
function pointer(name: string, summary: string): Command {
  return { name, args: '[...command]', summary, run: () => Promise.resolve() };
}

export const ROOT: Group = {
  name: 'bd',
  summary: 'Discord Server Sandboxes: private copies of a bot’s state, fed with live events.',
  commands: [
    pointer('sandbox', 'Create, list, connect to and destroy sandboxes'),
    pointer('template', 'Templates of schemas'),
    pointer('token', 'Tokens of the API'),
    pointer('guild', 'Grants of guilds'),
    pointer('owner', 'Roles of owners'),
    pointer('discord', 'Simulated Discord of the local stack'),
    pointer('dev', 'The local stack: servers, worker, router, API, simulated Discord'),
    doctorCommand,
    setupCommand,
    migrateCommand,
    workerCommand,
    routerCommand,
    apiCommand,
    completionCommand(async () => (await import('../groups.js')).GROUPS),
  ],
};

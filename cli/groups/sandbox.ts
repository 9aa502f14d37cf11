/** `bd sandbox <command>`. */
import { eitherWay, type Group } from '../command.js';
import { connectCommand } from '../commands/connect.js';
import { createCommand } from '../commands/create.js';
import { destroyCommand } from '../commands/destroy.js';
import { emitCommand } from '../commands/emit.js';
import { execCommand } from '../commands/exec.js';
import { extendCommand } from '../commands/extend.js';
import { registerGuildCommand, unregisterGuildCommand } from '../commands/guilds.js';
import { listCommand } from '../commands/list.js';
import { logsCommand } from '../commands/logs.js';
import { openCommand } from '../commands/open.js';
import { resetCommand } from '../commands/reset.js';
import { statusCommand } from '../commands/status.js';
import { sweepCommand } from '../commands/sweep.js';
import { tailCommand } from '../commands/tail.js';

export const SANDBOX: Group = {
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

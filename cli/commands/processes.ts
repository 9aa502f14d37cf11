/** `bd worker`, `bd router` and `bd api`: the processes themselves, in the foreground. */
import type { Command } from '../command.js';

/** Each entry runs until it is stopped. Where it has not ended the process itself, its exit code is the command's. */
async function entry(run: () => Promise<unknown>): Promise<number> {
  await run();
  return Number(process.exitCode ?? 0);
}

export const workerCommand: Command = {
  name: 'worker',
  args: '',
  summary: 'Run a worker until it is stopped',
  run: () => entry(() => import('../../workers/main.js')),
};

export const routerCommand: Command = {
  name: 'router',
  args: '',
  summary: 'Run a router until it is stopped',
  run: () => entry(() => import('../../router/main.js')),
};

export const apiCommand: Command = {
  name: 'api',
  args: '',
  summary: 'Run the HTTP API until it is stopped',
  run: () => entry(() => import('../../api/main.js')),
};

/** `bd worker` and `bd router`: run these processes in the foreground. */
import type { Command } from '../command.js';

/** Runs until the process is stopped. Returns its exit code, unless it has already exited. */
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

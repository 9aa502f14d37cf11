/** `bd worker` and `bd router`: the processes themselves, in the foreground. */
import type { Command } from '../command.js';

/** Each entry runs until it is stopped, and ends the process itself. */
const forever = (): Promise<never> => new Promise(() => undefined);

export const workerCommand: Command = {
  name: 'worker',
  args: '',
  summary: 'Run a worker until it is stopped',
  async run() {
    await import('../../workers/main.js');
    await forever();
  },
};

export const routerCommand: Command = {
  name: 'router',
  args: '',
  summary: 'Run a router until it is stopped',
  async run() {
    await import('../../router/main.js');
    await forever();
  },
};

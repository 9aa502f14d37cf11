/**
 * `bd sandbox exec`: runs a command in a sandbox's environment. The first choice before `eval "$(bd sandbox connect x)" && bot`,
 * which would run the bot all the same where `connect` failed.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SandboxError } from '../../domain/errors.js';
import { childEnvironment } from '../child-environment.js';
import type { Command } from '../command.js';
import { note, usage, type Io } from '../io.js';

/** Of the terminal's own signals the command gets a copy anyway, being in the same process group. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const;
const FORWARDED = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

const COULD_NOT_RUN = 126;
const NOT_FOUND = 127;

export const execCommand: Command = {
  name: 'exec',
  args: '<sandbox>',
  rest: '-- command…',
  summary: 'Run a command in a sandbox’s environment',
  examples: [
    'bd sandbox exec my-fix -- node dist/examples/bot/main.js',
    'bd sandbox exec my-fix -- sh -c \'psql "$DATABASE_URL"\'',
  ],

  async run({ io, input, client }) {
    const [command, ...args] = input.rest;
    if (command === undefined || command === '') {
      throw usage('exec: no command is given', 'Usage: bd sandbox exec <sandbox> -- command…');
    }
    const api = await client();
    const { environment, withoutCredentials } = await api.connection(input.args[0] ?? '');
    if (withoutCredentials !== null) {
      // With the identifiers alone the command would use whatever addresses the shell holds: production's, perhaps.
      throw new SandboxError('SANDBOX_010', `exec needs credentials: ${withoutCredentials}`);
    }
    // Nothing is held open while the command runs, which may be for days.
    await api.close();
    return run(io, command, args, childEnvironment(io.env, environment));
  },
};

function run(
  io: Io,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  const fromTerminal = process.stdin.isTTY;
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  const ignore = (): void => undefined;
  const handlers: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ...FORWARDED.map((signal) => [signal, forward] as [NodeJS.Signals, typeof forward]),
    ...FROM_TERMINAL.map(
      (signal) => [signal, fromTerminal ? ignore : forward] as [NodeJS.Signals, typeof forward],
    ),
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      note(io, `${command}: ${missing ? 'command not found' : error.message}`).then(() => {
        resolve(missing ? NOT_FOUND : COULD_NOT_RUN);
      }, reject);
    });
    // Ended by a signal: as a shell reports it.
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  }).finally(() => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  });
}

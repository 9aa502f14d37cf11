/** Runs a program in the foreground: passes on terminal, signals and exit code. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { note, type Io } from './io.js';

/**
 * The terminal sends these to the whole process group, so the command gets them without our help.
 */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const;
const FORWARDED = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

const COULD_NOT_RUN = 126;
const NOT_FOUND = 127;

/** Resolves to the exit code that a shell would report. */
export function runChild(
  io: Io,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
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
  // Before the command starts: a signal may arrive right after its first output.
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const child = spawn(command, args, { env, stdio: 'inherit' });
  return new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      note(io, `${command}: ${missing ? 'command not found' : error.message}`).then(() => {
        resolve(missing ? NOT_FOUND : COULD_NOT_RUN);
      }, reject);
    });
    // A shell reports 128 plus the signal's number.
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  }).finally(() => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  });
}

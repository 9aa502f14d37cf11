/** One child process: spawned so that it cannot outlive us, its output in a log file, its end waited for. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { delay } from '../../platform/deadline.js';
import { identify, type ProcessIdentity } from './identity.js';
import type { Launch } from './service.js';

export interface ChildOptions {
  readonly logPath: string;
  /** What the kernel sends the child if this process dies without a word (Linux). */
  readonly deathSignal: NodeJS.Signals;
  /** The log cannot be written: the output is dropped. */
  readonly onLogLost: (error: unknown) => void;
}

/** Spawns the process and closes our copies of the descriptors it gets. @throws the spawn's own error, such as ENOENT */
export async function spawnChild(launch: Launch, options: ChildOptions): Promise<Child> {
  const { logPath, deathSignal, onLogLost } = options;
  const passFds = launch.passFds ?? [];
  const log = openLog(logPath, onLogLost);
  const logStart = fstatSync(log).size;
  const [command, args] = tied(launch.command, launch.args, deathSignal);
  let child: ChildProcess;
  try {
    child = spawn(command, args, {
      cwd: '/',
      env: { ...launch.env },
      // Of its own session: Ctrl-C in our terminal must not stop the servers before those that use them.
      detached: true,
      stdio: ['ignore', log, log, ...passFds, ...(launch.ipc === true ? ['ipc' as const] : [])],
      ...(launch.user ?? {}),
    });
  } finally {
    for (const fd of [log, ...passFds]) closeSync(fd);
  }
  await once(child, 'spawn');
  // Later ones are about a message to, or a signal for, a process that has just ended.
  child.on('error', () => undefined);
  return new Child(child, () => readTail(logPath, logStart));
}

export class Child {
  readonly identity: ProcessIdentity;
  /** How it ended: a signal's name, or `exit code …`. */
  readonly exited: Promise<string>;

  constructor(
    private readonly child: ChildProcess,
    /** The last lines it wrote since its start. */
    readonly logTail: () => Promise<string>,
  ) {
    const { pid = 0 } = child;
    // Ended already: an identity that matches nothing.
    this.identity = identify(pid) ?? { pid, start: 'ended' };
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        resolve(this.ended() ?? '');
      });
    });
  }

  /** As `exited`; null while it lives. */
  ended(): string | null {
    const { signalCode, exitCode } = this.child;
    return signalCode ?? (exitCode === null ? null : `exit code ${exitCode}`);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.child.on('message', listener);
  }

  kill(signal: NodeJS.Signals): void {
    if (this.ended() === null) this.child.kill(signal);
  }

  /** Asks it to end, insists after `withinMs`, and returns once it has. */
  async stop(signal: NodeJS.Signals, withinMs: number): Promise<void> {
    this.kill(signal);
    // A stopped process keeps signals for later.
    this.kill('SIGCONT');
    const insisting = setTimeout(() => {
      this.kill('SIGKILL');
    }, withinMs);
    await this.exited;
    clearTimeout(insisting);
  }
}

let canTie: boolean | undefined;

/**
 * The command line that has the kernel send `signal` to the process when we die, even by SIGKILL. That takes
 * util-linux' setpriv (busybox' lacks the option, macOS has none): without it the next `up` or `down` cleans up.
 */
export function tied(
  command: string,
  args: readonly string[],
  signal: NodeJS.Signals,
): [command: string, args: readonly string[]] {
  canTie ??=
    process.platform === 'linux' &&
    spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
  if (!canTie) return [command, args];
  return ['setpriv', ['--pdeathsig', signal.replace(/^SIG/, ''), '--', command, ...args]];
}

const LOG_LIMIT_BYTES = 5 * 1_048_576;

/**
 * A descriptor for appending; a file that has grown long makes way, and its predecessor goes. Where the file cannot be
 * opened, the output is dropped: a service without a log serves better than none.
 */
export function openLog(path: string, onLost: (error: unknown) => void = () => undefined): number {
  try {
    if (statSync(path).size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // The first start.
  }
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    onLost(error);
    return openSync('/dev/null', 'a');
  }
}

const TAIL_BYTES = 4_096;

async function readTail(path: string, from: number): Promise<string> {
  // What the process wrote last may still be on its way to the file.
  await delay(20);
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return '';
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
    return buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-12).join('\n');
  } finally {
    await file.close();
  }
}

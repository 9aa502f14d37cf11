/** One child process: spawned so that it cannot outlive us, its output in a log file, its end waited for. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { delay } from '../../platform/deadline.js';
import { identify, type ProcessIdentity } from './identity.js';
import { openLog } from './log-file.js';
import type { Launch } from './service.js';
import { tied } from './tie.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<Exit>;
  ended(): Exit | null;
  onMessage(listener: (message: unknown) => void): void;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to end, insists after `withinMs`, and returns once it has. */
  stop(signal: NodeJS.Signals, withinMs: number): Promise<Exit>;
  /** The last lines it wrote since its start. */
  logTail(): Promise<string>;
}

/** @throws the spawn's own error (no such file, no permission) */
export async function spawnChild(
  launch: Launch,
  options: {
    logPath: string;
    deathSignal: NodeJS.Signals;
    onLogLost: (error: unknown) => void;
  },
): Promise<Child> {
  const { logPath, deathSignal, onLogLost } = options;
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
      stdio: [
        'ignore',
        log,
        log,
        ...(launch.passFds ?? []),
        ...(launch.ipc === true ? ['ipc' as const] : []),
      ],
      ...(launch.user ?? {}),
    });
  } finally {
    closeSync(log);
    for (const fd of launch.passFds ?? []) closeSync(fd);
  }
  let end: Exit | null = null;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      end = { code, signal };
      resolve(end);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });
  // Later ones are about a message to, or a signal for, a process that has just ended.
  child.on('error', () => undefined);
  const pid = child.pid ?? 0;
  const kill = (signal: NodeJS.Signals): void => {
    if (end === null) child.kill(signal);
  };
  return {
    // Ended already: an identity that matches nothing.
    identity: identify(pid) ?? { pid, start: 'ended' },
    exited,
    ended: () => end,
    onMessage: (listener) => child.on('message', listener),
    kill,
    async stop(signal, withinMs) {
      kill(signal);
      // A stopped process keeps signals for later.
      kill('SIGCONT');
      const timer = setTimeout(() => {
        kill('SIGKILL');
      }, withinMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
    logTail: () => readTail(logPath, logStart),
  };
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
    return buffer.subarray(0, bytesRead).toString('utf8').trim().split('\n').slice(-12).join('\n');
  } finally {
    await file.close();
  }
}

/**
 * Processes recorded in files, and the clean-up after a supervisor that could not end its children. Pids are used again:
 * nothing is signalled by a number from a file unless the process that has it now began at the recorded moment.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { delay } from '../../platform/deadline.js';
import type { Bookkeeping } from './bookkeeping.js';
import { readJson, writeJson } from './home.js';

export const identitySchema = z.object({
  pid: z.number().int().positive(),
  /** Opaque: on Linux boot id and start tick, elsewhere the start time that `ps` prints. */
  start: z.string(),
});
export type ProcessIdentity = z.infer<typeof identitySchema>;

let boot: string | undefined;
/** Start ticks count from boot, so that they repeat after one. */
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

function startOnLinux(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // "pid (comm) state …": comm may hold spaces and brackets, so fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTick] = [fields[0], fields[19]];
  // A zombie has ended: only its parent has not looked yet.
  if (state === 'Z' || state === 'X' || startTick === undefined) return null;
  return `${bootId()}:${startTick}`;
}

function startByPs(pid: number): string | null {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}

/** The living process with this pid, or null. */
export function identify(pid: number): ProcessIdentity | null {
  const start = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return start === null ? null : { pid, start };
}

/** Whether that very process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.start === identity.start;
}

/** Signals that very process; false where it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Whether the process is gone within `withinMs`. */
export async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/** The file that names the children of a living supervisor. */
export class ChildRecord {
  private readonly children = new Map<string, ProcessIdentity>();
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly books: Bookkeeping,
  ) {}

  /** Null: it has ended. Written in the order of the calls; never rejects, since the stack can do without the record. */
  set(name: string, identity: ProcessIdentity | null): Promise<void> {
    if (identity === null) this.children.delete(name);
    else this.children.set(name, identity);
    const write = (): Promise<void> => writeJson(this.path, Object.fromEntries(this.children));
    this.writing = this.writing.then(() => this.books.keep(basename(this.path), write));
    return this.writing;
  }
}

const recordSchema = z.record(z.string(), identitySchema);
/** How long a process may take to follow one signal. */
const FOLLOW_MS = 10_000;

/** Ends what an earlier supervisor left running. Returns the names of what it found. */
export async function endLeftovers(path: string): Promise<string[]> {
  const parsed = recordSchema.safeParse(await readJson(path));
  const found = Object.entries(parsed.success ? parsed.data : {}).filter(([, id]) => isAlive(id));
  await Promise.all(found.map(([name, identity]) => endLeftover(name, identity)));
  return found.map(([name]) => name);
}

async function endLeftover(name: string, identity: ProcessIdentity): Promise<void> {
  // Postgres takes SIGTERM as a wish to wait for its clients.
  const signals = name === 'postgres' ? (['SIGINT', 'SIGQUIT'] as const) : (['SIGTERM'] as const);
  for (const signal of [...signals, 'SIGKILL'] as const) {
    signalProcess(identity, signal);
    // A stopped process keeps signals for later.
    signalProcess(identity, 'SIGCONT');
    if (await hasEnded(identity, FOLLOW_MS)) return;
  }
}

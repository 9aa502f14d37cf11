/** What the searches for programs share: running a tool with a limit, finding a program, making a directory whole. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, SandboxError } from '../../../domain/errors.js';
import { parseVersion, type Version } from '../binaries.js';
import { makeDirectory } from '../home.js';
import type { ServerName, SystemUser } from '../service.js';
import { tied } from '../tie.js';

export interface ToolOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly user?: SystemUser | null;
  /** Descriptors that become 3, 4, … in the tool; they stay the caller's. */
  readonly passFds?: readonly number[];
}

const KEPT_OUTPUT = 16_384;

/**
 * Runs to its end and returns what it printed (both streams); 127 is the code of a tool that is missing.
 * @throws where it cannot be run, is too slow, or is ended by a signal
 */
export async function runTool(
  command: string,
  args: readonly string[],
  { timeoutMs, user, passFds = [], ...options }: ToolOptions,
): Promise<{ code: number; output: string }> {
  const child = spawn(...tied(command, args, 'SIGKILL'), {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', ...passFds],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...options,
    ...user,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    });
  const [code, killedBy] = (await once(child, 'close').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [127, null];
    throw error;
  })) as [number | null, NodeJS.Signals | null];
  if (code === 127) return { code, output: 'not found' };
  if (code !== null) return { code, output };
  const late = killedBy === 'SIGKILL';
  throw new Error(late ? `no end within ${timeoutMs / 1_000} s` : `ended by ${killedBy}`);
}

export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';

/** What a program says of itself; also proves that it runs here (libraries, architecture), as this user. */
export async function versionOf(path: string, user: SystemUser | null = null): Promise<Version> {
  const { code, output } = await runTool(path, ['--version'], { timeoutMs: 10_000, user });
  const version = code === 0 ? parseVersion(output) : null;
  if (version === null) throw new Error(`${path} does not run here: ${lastLine(output)}`);
  return version;
}

/** The first directory of PATH that holds such an executable. */
export async function onPath(name: string, path = ''): Promise<string | null> {
  for (const directory of path.split(':').filter((one) => one.startsWith('/'))) {
    const candidate = join(directory, name);
    const runs = access(candidate, constants.X_OK).then(() => stat(candidate));
    if ((await runs.catch(() => null))?.isFile() === true) return candidate;
  }
  return null;
}

export type Source<T> = readonly [label: string, get: () => Promise<T>];

/** What the first source gives that serves. @throws SANDBOX_009 naming what each of them said */
export async function firstOf<T>(
  sources: readonly Source<T>[],
  failure: { what: string; hint: string; dependency: ServerName; signal?: AbortSignal },
): Promise<T> {
  let refusals = '';
  for (const [label, get] of sources) {
    try {
      return await get();
    } catch (error) {
      failure.signal?.throwIfAborted();
      refusals += `\n  ${label}: ${messageOf(error)}`;
    }
  }
  const { what, hint, dependency } = failure;
  throw new SandboxError('SANDBOX_009', `${what} cannot be found:${refusals}`, {
    hint,
    details: { dependency },
  });
}

const DAY_MS = 86_400_000;

/**
 * A directory is made whole or not at all: `fill` gets one beside it, which is renamed then, and another for scratch. Of two
 * processes that make it at once the first one's stays: what may already run is never replaced.
 */
export async function makeWhole(
  place: string,
  fill: (entry: string, scratch: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(place);
  await makeDirectory(parent, 0o755);
  await removeOldStaging(parent);
  const staging = join(parent, `.staging-${process.pid}-${randomBytes(4).toString('hex')}`);
  const [entry, scratch] = [join(staging, 'entry'), join(staging, 'scratch')];
  try {
    for (const path of [staging, entry, scratch]) await mkdir(path, { mode: 0o755 });
    await fill(entry, scratch);
    await rename(entry, place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Of downloads that were killed. */
async function removeOldStaging(parent: string): Promise<void> {
  const entries = (await readdir(parent)).filter((name) => name.startsWith('.staging-'));
  for (const path of entries.map((name) => join(parent, name))) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true });
  }
}

/** What lies in SANDBOX_HOME, and how it is made and removed. */
import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, SandboxError } from '../../domain/errors.js';
import { isDiskFull, withDraft, writePrivateFile } from '../../platform/private-file.js';
import { masterKeyPath } from '../../platform/master-secret.js';
import { stackFilePath } from '../../platform/stack-file.js';

export const homePaths = (home: string) => ({
  home,
  data: join(home, 'data'),
  log: join(home, 'log'),
  run: join(home, 'run'),
  credentials: join(home, 'credentials.json'),
  ports: join(home, 'ports.json'),
  /** Who owns the home now, and how to speak to it. */
  lock: join(home, 'supervisor.json'),
  /** Pids of what was started, for the clean-up after a supervisor that could not do its own. */
  children: join(home, 'children.json'),
  supervisorLog: join(home, 'log', 'supervisor.log'),
});
export type HomePaths = Readonly<ReturnType<typeof homePaths>>;

/**
 * With its parents. Node's own `recursive` never returns where the kernel answers ENOENT below a directory that exists
 * (/proc): it makes the parent and tries again, for ever.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path), mode);
    await mkdir(path, { mode }).catch((second: unknown) => {
      if ((second as NodeJS.ErrnoException).code !== 'EEXIST') throw second;
    });
  }
}

/** @throws SANDBOX_008 where the directory cannot be made or written */
export async function makeHome(home: string): Promise<HomePaths> {
  const paths = homePaths(home);
  try {
    for (const dir of [home, paths.data, paths.log, paths.run]) await makeDirectory(dir, 0o700);
    // An empty file says nothing: a full disk takes it.
    await withDraft(join(home, '.trial'), ' '.repeat(65_536), () => Promise.resolve());
  } catch (error) {
    throw unusableHome(home, error);
  }
  return paths;
}

/** What the file system says of a home, as SANDBOX_008. */
export const unusableHome = (home: string, cause: unknown): SandboxError =>
  new SandboxError('SANDBOX_008', `SANDBOX_HOME ${home} cannot be used: ${messageOf(cause)}`, {
    hint: isDiskFull(cause)
      ? 'Make room on its disk, or set SANDBOX_HOME to a directory on another one.'
      : 'Set SANDBOX_HOME to a directory that this user may write to.',
    cause,
  });

/** A failed read or write below the home, or any for want of room, as SANDBOX_008; other errors as they are. */
export function asHomeError(home: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SandboxError) return error;
  const { path = '' } = error as NodeJS.ErrnoException;
  return isDiskFull(error) || path.startsWith(home) ? unusableHome(home, error) : error;
}

/** Removes what the stack made and nothing else: the home may be a directory that holds other things. */
export async function purgeHome(home: string): Promise<void> {
  const paths = homePaths(home);
  const ours = [
    ...[paths.data, paths.log, paths.run, paths.credentials, paths.ports],
    ...[
      join(home, 'api-token'),
      paths.lock,
      paths.children,
      stackFilePath(home),
      masterKeyPath(home),
      join(home, 'cache'),
    ],
  ];
  for (const path of ours) await rm(path, { recursive: true, force: true });
  for (const name of await readdir(home).catch(() => [])) {
    // Drafts of a process that was killed between writing and renaming.
    if (/^((stack|credentials|ports|supervisor|children)\.json|master\.key)\./.test(name)) {
      await rm(join(home, name), { force: true });
    }
  }
  await rmdir(home).catch(() => undefined);
}

export const writeJson = (path: string, value: unknown): Promise<void> =>
  writePrivateFile(path, `${JSON.stringify(value, null, 2)}\n`);

/** Undefined for a missing, unreadable or half-written file: all that is kept this way can be made anew. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

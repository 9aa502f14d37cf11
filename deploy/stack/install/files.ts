/** Files of the binaries: finding, hashing, and putting into the cache without a half-made state. */
import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeDirectory } from '../home.js';
import { Refused } from './tool.js';

/** @throws Refused where no such file lies below the directory */
export async function findFile(directory: string, name: string): Promise<string> {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name === name) return join(entry.parentPath, entry.name);
  }
  throw new Refused(`the archive holds no ${name}`);
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** The first directory of PATH that holds such an executable. */
export async function onPath(name: string, path: string): Promise<string | null> {
  for (const directory of path.split(':')) {
    if (!directory.startsWith('/')) continue;
    const candidate = join(directory, name);
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // Not here.
    }
  }
  return null;
}

const DAY_MS = 86_400_000;

/** A fresh directory beside the cache's entries, so that a rename moves what is made in it. */
export async function makeStaging(cache: string): Promise<string> {
  await makeDirectory(cache, 0o755);
  await removeOldStaging(cache);
  const staging = join(cache, `.staging-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(staging, { mode: 0o755 });
  return staging;
}

/** Of downloads that were killed. */
async function removeOldStaging(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith('.staging-')) continue;
    const path = join(cache, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > DAY_MS) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Moves a finished directory to its place. Of two processes that install at once the first one's stays: what it may
 * already be running is never replaced.
 */
export async function publish(finished: string, place: string): Promise<void> {
  try {
    await rename(finished, place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    await rm(finished, { recursive: true, force: true });
  }
}

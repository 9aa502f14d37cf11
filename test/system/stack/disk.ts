/**
 * A home whose disk a test can fill: a small file system if this user may mount one, else files
 * that cannot be written.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig, type Config } from '../../../platform/config.js';
import { ownHome } from './home.js';

export interface SmallDisk {
  readonly config: Config;
  /** From now on the stack can write none of its files. */
  readonly fill: () => Promise<void>;
  readonly makeRoom: () => Promise<void>;
}

/** Far more than the stack's small servers need, and still quick to fill. */
const SIZE = '160m';

export async function homeOnSmallDisk(): Promise<SmallDisk> {
  const outer = await ownHome();
  const disk = join(outer.home, 'disk');
  await mkdir(disk);
  const options = ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0755`, 'tmpfs', disk];
  const mounted = spawnSync('mount', options, { stdio: 'ignore' }).status === 0;
  if (!mounted) return { config: outer, ...filesInTheWay(outer.home) };
  onTestFinished(() => void spawnSync('umount', ['-l', disk], { stdio: 'ignore' }));
  const config = loadConfig({ SANDBOX_OWNER: 'tester', SANDBOX_HOME: join(disk, 'home') });
  const { down } = await import('../../../deploy/stack/index.js');
  onTestFinished(() => down(config, { purge: true }));
  return { config, ...realDisk(join(disk, 'fill')) };
}

function realDisk(filler: string): Omit<SmallDisk, 'config'> {
  return {
    fill() {
      const file = openSync(filler, 'w');
      try {
        for (let size = 1_048_576; size >= 512;) {
          // A write without enough room for all of it uses the rest.
          try {
            writeSync(file, Buffer.alloc(size));
          } catch {
            size /= 2;
          }
        }
      } finally {
        closeSync(file);
      }
      return Promise.resolve();
    },
    makeRoom: () => rm(filler),
  };
}

/** A folder in place of a file: nobody can write there, not even root. */
export function filesInTheWay(
  home: string,
  names: readonly string[] = ['children.json', 'stack.json'],
): Omit<SmallDisk, 'config'> {
  return {
    async fill() {
      for (const name of names) {
        await rm(join(home, name), { force: true });
        await mkdir(join(home, name, 'in-the-way'), { recursive: true });
      }
    },
    async makeRoom() {
      for (const name of names) await rm(join(home, name), { recursive: true });
    },
  };
}

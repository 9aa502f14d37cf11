/**
 * A disk that a test can fill: the tables of new sessions lie on it, and nothing else. It is a small
 * file system, if this user may mount one.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Sql } from '../../../platform/postgres.js';
import { stackConfig } from '../../support/stack.js';

export interface SmallDisk {
  fill(): Promise<void>;
  makeRoom(): Promise<void>;
}

/** Null if this user may not mount one. Removed when the test ends: after what lies on it. */
export async function tablesOnSmallDisk(admin: Sql): Promise<SmallDisk | null> {
  const disk = mkdtempSync(join(tmpdir(), 'sandbox-disk-'));
  chmodSync(disk, 0o755);
  const options = ['-t', 'tmpfs', '-o', 'size=8m,mode=0755', 'tmpfs', disk];
  if (spawnSync('mount', options, { stdio: 'ignore' }).status !== 0) {
    rmSync(disk, { recursive: true });
    return null;
  }
  onTestFinished(() => {
    spawnSync('umount', ['-l', disk], { stdio: 'ignore' });
    rmSync(disk, { recursive: true });
  });
  const [tables, filler] = [join(disk, 'tables'), join(disk, 'filler')];
  mkdirSync(tables);
  const { uid, gid } = statSync(join(stackConfig().home, 'data', 'postgres', 'data'));
  chownSync(tables, uid, gid);
  await admin.unsafe(`CREATE TABLESPACE small LOCATION '${tables}'`);
  await admin.unsafe('GRANT CREATE ON TABLESPACE small TO PUBLIC');
  await admin.unsafe('ALTER DATABASE sandboxes SET default_tablespace = small');
  onTestFinished(async () => {
    await admin.unsafe('ALTER DATABASE sandboxes RESET default_tablespace');
    await admin.unsafe('DROP TABLESPACE small');
  });
  return {
    fill() {
      for (let size = 8 * 1_048_576; size >= 512; size /= 2) {
        // A write without enough room for all of it fails; a smaller one follows.
        try {
          writeFileSync(`${filler}-${size}`, Buffer.alloc(size));
        } catch {
          rmSync(`${filler}-${size}`, { force: true });
        }
      }
      return Promise.resolve();
    },
    makeRoom() {
      for (let size = 8 * 1_048_576; size >= 512; size /= 2)
        rmSync(`${filler}-${size}`, { force: true });
      return Promise.resolve();
    },
  };
}

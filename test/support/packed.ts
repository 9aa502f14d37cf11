/** The package as `npm pack` makes it, installed in an empty folder. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../platform/project-root.js';

const NAME = 'discord-server-sandboxes';

export interface Packed {
  /** Where a program that uses the package stands. */
  readonly folder: string;
  /** `bd`, as npm links it. */
  readonly bd: string;
  /** What the package holds, from its root. */
  readonly files: readonly string[];
  remove(): void;
}

/**
 * As `npm install <tarball>` would, without fetching anything a second time: of the dependencies exactly those that the package
 * declares are there, so that one which it forgot to declare is missed.
 */
export function installPacked(): Packed {
  const root = projectRoot();
  const folder = mkdtempSync(join(tmpdir(), 'first-day-'));
  const modules = join(folder, 'node_modules');
  const own = join(modules, NAME);
  mkdirSync(own, { recursive: true });
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString(),
  ) as [{ filename: string; files: { path: string }[] }];
  const tarball = join(folder, packed.filename);
  execFileSync('tar', ['-xzf', tarball, '-C', own, '--strip-components=1']);
  rmSync(tarball);
  const { dependencies, bin } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    bin: { bd: string };
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  const bd = join(modules, '.bin/bd');
  mkdirSync(dirname(bd));
  chmodSync(join(own, bin.bd), 0o755);
  symlinkSync(join('..', NAME, bin.bd), bd);
  return {
    folder,
    bd,
    files: packed.files.map(({ path }) => path),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

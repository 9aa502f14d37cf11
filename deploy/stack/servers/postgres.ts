/** Postgres of the local stack: its cluster is made once, and it never runs as root. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { chown, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { SandboxError } from '../../../domain/errors.js';
import { makeDirectory } from '../home.js';
import { lastLine, runTool } from '../install/tool.js';
import type { PostgresPrograms } from '../install/postgres.js';
import type { Launch, Service, SystemUser } from '../service.js';

export const DATABASE = 'sandboxes';

export interface PostgresOptions {
  readonly programs: PostgresPrograms;
  /** Holds the cluster (`data`), and belongs to the user that Postgres runs as. */
  readonly base: string;
  readonly user: SystemUser | null;
  readonly port: () => number;
  readonly password: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A development machine: small, but as safe as production, since tests kill it. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  // A path below the home could be longer than a socket's may be.
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '128MB',
  max_wal_size: '256MB',
  min_wal_size: '64MB',
  password_encryption: 'scram-sha-256',
  log_timezone: 'UTC',
  timezone: 'UTC',
} as const;

const INITDB_MS = 120_000;

/** As root: the owner of the data, else `nobody`, since a uid without a passwd entry fails. Null: as ourselves. */
export async function postgresUser(base: string): Promise<SystemUser | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(base).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch (error) {
    throw new SandboxError(
      'SANDBOX_009',
      'Postgres refuses to run as root, and there is no user `nobody`',
      {
        hint: 'Run `bd dev up` as another user, or set DATABASE_URL.',
        details: { dependency: 'postgres' },
        cause: error,
      },
    );
  }
}

export function postgresService(options: PostgresOptions): Service {
  const { programs, base, user, port, password } = options;
  const adminUrl = (database: string): string =>
    `postgres://postgres:${password}@127.0.0.1:${port()}/${database}`;

  /** Bounded: a server in trouble may accept and never answer. */
  const ask = async (
    database: string,
    query: string,
  ): Promise<pg.QueryResult<Record<string, unknown>>> => {
    const client = new pg.Client({
      connectionString: adminUrl(database),
      connectionTimeoutMillis: 1_500,
      query_timeout: 5_000,
      application_name: 'bd dev',
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.query<Record<string, unknown>>(query);
    } finally {
      await client.end().catch(() => undefined);
    }
  };

  return {
    name: 'postgres',
    stopSignal: 'SIGINT',
    deathSignal: 'SIGINT',
    stopWithinMs: 20_000,
    startWithinMs: 60_000,
    address: () => `127.0.0.1:${port()}`,
    metrics: () => null,
    async launch(): Promise<Launch> {
      await makeCluster(options);
      const { path, fds } = reachable(base, user);
      const settings = { ...SETTINGS, port: String(port()) };
      return {
        command: join(programs.bin, 'postgres'),
        args: [
          '-D',
          join(path, 'data'),
          ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
        ],
        env: options.env,
        passFds: fds,
        ...(user === null ? {} : { user }),
      };
    },
    probe: async () => {
      await ask('postgres', 'SELECT 1');
    },
    async afterStart() {
      const { rowCount } = await ask(
        'postgres',
        `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`,
      );
      if (rowCount === 0) await ask('postgres', `CREATE DATABASE ${DATABASE}`);
    },
  };
}

/**
 * A path to the directory that another user can walk. Its parents may be closed to that user (a checkout below /root):
 * /proc/self/fd leads to the directory itself, past them, and Postgres needs no capability for it. An ACL on the
 * parents or CAP_DAC_READ_SEARCH would open more than this one directory.
 */
function reachable(base: string, user: SystemUser | null): { path: string; fds: number[] } {
  if (user === null || process.platform !== 'linux') return { path: base, fds: [] };
  return {
    path: '/proc/self/fd/3',
    fds: [openSync(base, constants.O_RDONLY | constants.O_DIRECTORY)],
  };
}

/** Made beside and renamed: an interrupted initdb leaves nothing that looks like a cluster. */
async function makeCluster({
  programs,
  base,
  user,
  password,
  env,
}: PostgresOptions): Promise<void> {
  await makeDirectory(base, 0o700);
  if (user !== null) await chown(base, user.uid, user.gid);
  if ((await stat(join(base, 'data')).catch(() => null)) !== null) return;
  const [draft, passwordFile] = [join(base, 'data.new'), join(base, 'password')];
  await rm(draft, { recursive: true, force: true });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user !== null) await chown(passwordFile, user.uid, user.gid);
  const { path, fds } = reachable(base, user);
  try {
    const { code, output } = await runTool(
      join(programs.bin, 'initdb'),
      [
        ...[
          '-D',
          join(path, 'data.new'),
          '--username=postgres',
          `--pwfile=${join(path, 'password')}`,
        ],
        ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'],
      ],
      { env, timeoutMs: INITDB_MS, passFds: fds, ...(user === null ? {} : { user }) },
    );
    if (code !== 0) {
      throw new SandboxError('SANDBOX_009', `initdb failed: ${lastLine(output)}`, {
        details: { dependency: 'postgres', output },
      });
    }
    await rename(draft, join(base, 'data'));
  } finally {
    for (const fd of fds) closeSync(fd);
    await rm(passwordFile, { force: true });
  }
}

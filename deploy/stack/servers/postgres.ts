/** Postgres of the local stack: its cluster is made once, and it never runs as root. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { chown, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../../domain/errors.js';
import { withDeadline } from '../../../platform/deadline.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { makeDirectory } from '../home.js';
import { findPostgres, majorOfData } from '../install/postgres.js';
import { lastLine, runTool } from '../install/tool.js';
import type { ServerContext } from '../server-context.js';
import { SERVER_DEFAULTS, type Service, type SystemUser } from '../service.js';

export const DATABASE = 'sandboxes';

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
    const text = 'Postgres refuses to run as root, and there is no user `nobody`';
    throw new SandboxError('SANDBOX_009', text, {
      hint: 'Run `bd dev up` as another user, or set DATABASE_URL.',
      details: { dependency: 'postgres' },
      cause: error,
    });
  }
}

export async function postgresService(context: ServerContext): Promise<Service> {
  const { ports, data: base, env, search } = context;
  const password = context.credentials.postgres.postgres;
  const user = await postgresUser(base);
  const dataMajor = await majorOfData(join(base, 'data'));
  const { bin } = await findPostgres({ ...search, user, dataMajor });
  const address = (): string => `127.0.0.1:${ports.of('postgres')}`;

  /** Bounded: a server in trouble may accept and never answer. */
  const ask = async (database: string, query: string): Promise<number> => {
    const url = `postgres://postgres:${password}@${address()}/${database}`;
    const sql = openPostgres(url, { name: 'bd dev', max: 1 });
    try {
      return (await withDeadline(sql.unsafe(query), 5_000, 'Postgres')).count;
    } finally {
      await closePostgres(sql);
    }
  };

  return {
    ...SERVER_DEFAULTS,
    name: 'postgres',
    stopSignal: 'SIGINT',
    deathSignal: 'SIGINT',
    stopWithinMs: 20_000,
    address,
    async launch() {
      await makeCluster(base, bin, user, password, env);
      const { path, fds } = reachable(base, user);
      const settings = Object.entries({ ...SETTINGS, port: String(ports.of('postgres')) });
      return {
        command: join(bin, 'postgres'),
        args: ['-D', join(path, 'data'), ...settings.flatMap(([k, v]) => ['-c', `${k}=${v}`])],
        env,
        passFds: fds,
        user,
      };
    },
    async probe() {
      await ask('postgres', 'SELECT 1');
    },
    async afterStart() {
      const query = `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`;
      if ((await ask('postgres', query)) === 0)
        await ask('postgres', `CREATE DATABASE ${DATABASE}`);
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
  const fd = openSync(base, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: '/proc/self/fd/3', fds: [fd] };
}

/** Made beside and renamed: an interrupted initdb leaves nothing that looks like a cluster. */
async function makeCluster(
  base: string,
  bin: string,
  user: SystemUser | null,
  password: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await makeDirectory(base, 0o700);
  if (user !== null) await chown(base, user.uid, user.gid);
  if ((await stat(join(base, 'data')).catch(() => null)) !== null) return;
  const [draft, passwordFile] = [join(base, 'data.new'), join(base, 'password')];
  await rm(draft, { recursive: true, force: true });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user !== null) await chown(passwordFile, user.uid, user.gid);
  const { path, fds } = reachable(base, user);
  const args = [
    ...['-D', join(path, 'data.new'), '--username=postgres', '--encoding=UTF8', '--locale=C'],
    ...[`--pwfile=${join(path, 'password')}`, '--auth=scram-sha-256', '--no-sync'],
  ];
  try {
    const options = { env, timeoutMs: INITDB_MS, passFds: fds, user };
    const { code, output } = await runTool(join(bin, 'initdb'), args, options);
    if (code !== 0)
      throw new SandboxError('SANDBOX_009', `initdb failed: ${lastLine(output)}`, {
        details: { dependency: 'postgres', output },
      });
    await rename(draft, join(base, 'data'));
  } finally {
    for (const fd of fds) closeSync(fd);
    await rm(passwordFile, { force: true });
  }
}

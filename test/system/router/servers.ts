/**
 * Real servers for the router's tests. A test may kill, stop and restart each child on its data.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { Redis } from 'ioredis';
import { BINARIES, currentPlatform, type BinarySpec } from '../../../deploy/stack/binaries.js';
import { cacheDirectory } from '../../../deploy/stack/environment.js';
import { findBinary } from '../../../deploy/stack/install/binary.js';
import { findPostgres } from '../../../deploy/stack/install/postgres.js';
import { postgresUser } from '../../../deploy/stack/servers/postgres.js';
import { runTool } from '../../../deploy/stack/install/tool.js';
import { migrateNats } from '../../../migrate/nats.js';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { routedSubjects } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { openPostgres } from '../../../platform/postgres.js';

const READY_MS = 20_000;
/** The installation of the tables in these servers. */
export const INSTALLATION = 'test';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** One server process. */
export class ServerProcess {
  #child: ChildProcess | undefined;

  constructor(
    private readonly launch: () => ChildProcess,
    private readonly probe: () => Promise<void>,
  ) {}

  async start(): Promise<void> {
    this.#child = this.launch();
    const until = Date.now() + READY_MS;
    for (;;) {
      try {
        await this.probe();
        return;
      } catch (error) {
        if (Date.now() > until || this.#child.exitCode !== null) throw error;
        await delay(25);
      }
    }
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Resolves when the process is gone. */
  async end(name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(name);
    await gone;
  }

  async restart(): Promise<void> {
    await this.end();
    await this.start();
  }
}

export interface Servers {
  readonly nats: ServerProcess;
  readonly redis: ServerProcess;
  readonly postgres: ServerProcess;
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly directory: string;
  close(): Promise<void>;
}

export async function binary(spec: BinarySpec): Promise<string> {
  const env = process.env as Record<string, string>;
  const found = await findBinary(spec, {
    cache: cacheDirectory(env),
    env,
    platform: currentPlatform(),
    onText: () => undefined,
    signal: AbortSignal.timeout(120_000),
  });
  return found.path;
}

export async function natsBinary(): Promise<string> {
  return binary(BINARIES.nats);
}

/** Streams as the product makes them, and the tables that the router reads. */
export async function startServers(): Promise<Servers> {
  const directory = mkdtempSync(join(tmpdir(), 'router-test-'));
  chmodSync(directory, 0o755);
  const [natsServer, redisBinary, natsPort, redisPort, postgresPort] = await Promise.all([
    binary(BINARIES.nats),
    binary(BINARIES.redis),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const natsUrl = `nats://127.0.0.1:${natsPort}`;
  const redisUrl = `redis://127.0.0.1:${redisPort}`;
  const databaseUrl = `postgres://postgres@127.0.0.1:${postgresPort}/postgres`;
  const nats = new ServerProcess(
    () =>
      spawn(
        natsServer,
        ['-js', '-a', '127.0.0.1', '-p', String(natsPort), '-sd', join(directory, 'nats')],
        { stdio: 'ignore' },
      ),
    () => probeNats(natsUrl),
  );
  const redisArgs = [
    '--port',
    String(redisPort),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    directory,
  ];
  const redis = new ServerProcess(
    () => spawn(redisBinary, redisArgs, { stdio: 'ignore' }),
    () => probeRedis(redisUrl),
  );
  const postgres = await postgresServer(directory, postgresPort, databaseUrl);
  const servers: Servers = {
    nats,
    redis,
    postgres,
    natsUrl,
    redisUrl,
    databaseUrl,
    directory,
    async close() {
      await Promise.all([nats.end(), redis.end(), postgres.end()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all([nats.start(), redis.start(), postgres.start()]);
    await migrateNats(natsUrl, routedSubjects(DEFAULT_PRODUCTION_SUBJECTS));
    await makeTables(databaseUrl);
    return servers;
  } catch (error) {
    await servers.close();
    throw error;
  }
}

async function probeNats(url: string): Promise<void> {
  const nc = await connect({ servers: url, timeout: 500, reconnect: false });
  try {
    await nc.request('$JS.API.INFO', undefined, { timeout: 500 });
  } finally {
    await nc.close();
  }
}

export async function probeRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}

/** A Postgres alone, running. Another user must be able to open `directory`. */
export async function startPostgres(
  directory: string,
): Promise<{ process: ServerProcess; url: string }> {
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const process = await postgresServer(directory, port, url);
  await process.start();
  return { process, url };
}

async function postgresServer(
  directory: string,
  port: number,
  url: string,
): Promise<ServerProcess> {
  const base = join(directory, 'postgres');
  mkdirSync(base, { mode: 0o700 });
  const user = await postgresUser(tmpdir());
  if (user !== null) chownSync(base, user.uid, user.gid);
  const env = process.env as Record<string, string>;
  const { bin } = await findPostgres({
    cache: cacheDirectory(env),
    env,
    onText: () => undefined,
    user,
    dataMajor: null,
  });
  const data = join(base, 'data');
  const as = user === null ? {} : { user };
  const { code, output } = await runTool(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '--username=postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { env, timeoutMs: 60_000, ...as },
  );
  if (code !== 0) throw new Error(`initdb failed: ${output}`);
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
  ];
  return new ServerProcess(
    () => spawn(join(bin, 'postgres'), args, { stdio: 'ignore', cwd: '/', ...user }),
    async () => {
      const sql = openPostgres(url, { name: 'probe', max: 1 });
      try {
        await sql`SELECT 1`;
      } finally {
        await sql.end({ timeout: 1 });
      }
    },
  );
}

/** The tables of `sql/`; the tests write them directly. */
async function makeTables(url: string): Promise<void> {
  const sql = openPostgres(url, { name: 'test', max: 1 });
  try {
    await sql.unsafe(`
      CREATE TABLE IF NOT EXISTS sandbox_route_version (only_row boolean PRIMARY KEY DEFAULT true, version bigint NOT NULL);
      INSERT INTO sandbox_route_version (version) VALUES (0) ON CONFLICT DO NOTHING;
      CREATE TABLE IF NOT EXISTS sandbox_installation (id text PRIMARY KEY);
      INSERT INTO sandbox_installation VALUES ('${INSTALLATION}') ON CONFLICT DO NOTHING;
      CREATE TABLE IF NOT EXISTS sandbox_routes (guild_id text PRIMARY KEY, sandbox_id text, version bigint NOT NULL);
      CREATE TABLE IF NOT EXISTS sandbox_addressees (sandbox_id text PRIMARY KEY, active boolean NOT NULL, version bigint NOT NULL);
    `);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

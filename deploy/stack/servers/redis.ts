/** Redis (or Valkey) of the local stack: append-only, its users in an ACL file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { withDeadline } from '../../../platform/deadline.js';
import { writePrivateFile } from '../../../platform/private-file.js';
import { makeDirectory } from '../home.js';
import { aclFile } from '../redis-users.js';
import type { Credentials } from '../secrets.js';
import type { Launch, Service } from '../service.js';

export interface RedisOptions {
  readonly binary: string;
  /** Of the program, as in `valkey-server 9.1.2`. */
  readonly version: string;
  readonly data: string;
  readonly run: string;
  readonly port: () => number;
  readonly credentials: Credentials['redis'];
  readonly env: Readonly<Record<string, string>>;
}

export function redisService(options: RedisOptions): Service {
  const { binary, version, data, run, port, credentials } = options;
  const configPath = join(run, 'redis.conf');
  const aclPath = join(data, 'users.acl');
  return {
    name: 'redis',
    stopSignal: 'SIGTERM',
    deathSignal: 'SIGTERM',
    stopWithinMs: 10_000,
    startWithinMs: 60_000,
    address: () => `127.0.0.1:${port()}`,
    metrics: () => null,
    async launch(): Promise<Launch> {
      await makeDirectory(data, 0o700);
      const writtenBy = await readFile(join(data, 'written-by'), 'utf8').catch(() => '');
      // Another version may not know every word in its predecessor's users and would refuse to start; the worker
      // makes them again.
      const existing = writtenBy === version ? await readFile(aclPath, 'utf8').catch(() => '') : '';
      await writePrivateFile(aclPath, aclFile(credentials, existing));
      await writePrivateFile(join(data, 'written-by'), version);
      await writePrivateFile(configPath, configuration({ port: port(), data, aclPath }));
      return { command: binary, args: [configPath], env: options.env };
    },
    probe: () => probe(port(), credentials.admin),
  };
}

function configuration({
  port,
  data,
  aclPath,
}: {
  port: number;
  data: string;
  aclPath: string;
}): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    'daemonize no',
    `dir ${JSON.stringify(data)}`,
    `aclfile ${JSON.stringify(aclPath)}`,
    'appendonly yes',
    // What the server has accepted survives its `kill -9`; up to a second is lost with the machine.
    'appendfsync everysec',
    // The log is enough; snapshots would only cost.
    'save ""',
    // Plain commands can be read by another version, and by Valkey what Redis wrote; a snapshot's format can not.
    'aof-use-rdb-preamble no',
    // A sandbox has no limit of its own: what it fills is this, not the machine. Evicting would take routes and other
    // sandboxes' keys; so writes are refused.
    'maxmemory 1gb',
    'maxmemory-policy noeviction',
    // Answers that nobody reads count as well, and cost their reader the connection.
    'maxmemory-clients 25%',
    'client-output-buffer-limit normal 64mb 32mb 10',
    '',
  ].join('\n');
}

/** As the administrator, so that another stack's server on this port is not taken for ours. */
async function probe(port: number, password: string): Promise<void> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    username: 'admin',
    password,
    lazyConnect: true,
    connectTimeout: 1_500,
    enableReadyCheck: false,
    // Its timer runs out even when the connection has long been closed, and holds the process that long.
    disconnectTimeout: 100,
    retryStrategy: () => null,
    connectionName: 'bd dev',
  });
  redis.on('error', () => undefined);
  try {
    // From outside, over both steps: what hangs is cut off below.
    const ask = redis.connect().then(() => redis.info('persistence'));
    const info = await withDeadline(ask, 1_500, 'Redis');
    if (!/^loading:0/m.test(info)) throw new Error('it is still loading its data');
  } finally {
    redis.disconnect();
  }
}

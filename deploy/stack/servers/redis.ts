/** Redis (or Valkey) of the local stack: append-only, its users in an ACL file. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Redis } from 'ioredis';
import { withDeadline } from '../../../platform/deadline.js';
import { writePrivateFile } from '../../../platform/private-file.js';
import { BINARIES } from '../binaries.js';
import { makeDirectory } from '../home.js';
import { findBinary } from '../install/binary.js';
import { aclFile } from '../redis-users.js';
import type { ServerContext } from '../server-context.js';
import { SERVER_DEFAULTS, type Service } from '../service.js';

export async function redisService(context: ServerContext): Promise<Service> {
  const { ports, data, env, paths, search } = context;
  const credentials = context.credentials.redis;
  const { path, version } = await findBinary(BINARIES.redis, search);
  const program = `${basename(path)} ${version}`;
  const config = join(paths.run, 'redis.conf');
  const [acl, writtenBy] = [join(data, 'users.acl'), join(data, 'written-by')];
  const kept = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
  return {
    ...SERVER_DEFAULTS,
    name: 'redis',
    address: () => `127.0.0.1:${ports.of('redis')}`,
    async launch() {
      await makeDirectory(data, 0o700);
      // Another version may not know every word in its predecessor's users and would refuse to start; the worker
      // makes them again.
      const existing = (await kept(writtenBy)) === program ? await kept(acl) : '';
      await writePrivateFile(acl, aclFile(credentials, existing));
      await writePrivateFile(writtenBy, program);
      await writePrivateFile(config, configuration(ports.of('redis'), data, acl));
      return { command: path, args: [config], env };
    },
    probe: () => probe(ports.of('redis'), credentials.admin),
  };
}

const configuration = (port: number, data: string, acl: string): string => `bind 127.0.0.1
port ${port}
protected-mode yes
daemonize no
dir ${JSON.stringify(data)}
aclfile ${JSON.stringify(acl)}
appendonly yes
# What the server has accepted survives its kill -9; up to 1.5 s is lost with the machine (hz, below).
appendfsync everysec
# The server wakes so often for its housework; 10, the default, is half of what an idle server costs.
hz 2
# The log is enough; snapshots would only cost.
save ""
# Plain commands can be read by another version, and by Valkey what Redis wrote; a snapshot's format can not.
aof-use-rdb-preamble no
# A sandbox has no limit of its own: what it fills is this, not the machine. Evicting would take routes and other
# sandboxes' keys; so writes are refused.
maxmemory 1gb
maxmemory-policy noeviction
# Answers that nobody reads count as well, and cost their reader the connection.
maxmemory-clients 25%
client-output-buffer-limit normal 64mb 32mb 10
`;

/** As the administrator, so that another stack's server on this port is not taken for ours. */
async function probe(port: number, password: string): Promise<void> {
  const redis = new Redis({
    ...{ host: '127.0.0.1', port, username: 'admin', password, connectionName: 'bd dev' },
    ...{ lazyConnect: true, connectTimeout: 1_500, enableReadyCheck: false },
    // Its timer runs out even when the connection has long been closed, and holds the process that long.
    disconnectTimeout: 100,
    retryStrategy: () => null,
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

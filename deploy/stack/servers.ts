/** The four servers: their programs are found and their services made in parallel. */
import { basename, join } from 'node:path';
import { SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { BINARIES, currentPlatform } from './binaries.js';
import { cacheDirectory, serverEnvironment } from './environment.js';
import type { HomePaths } from './home.js';
import { findBinary, type SearchOptions } from './install/binary.js';
import { findPostgres, majorOfData } from './install/postgres.js';
import { natsOperator } from './nats-operator.js';
import type { PortName, Ports } from './ports.js';
import type { Credentials } from './secrets.js';
import type { OnProgress, ServerName, Service } from './service.js';
import { natsService } from './servers/nats.js';
import { postgresService, postgresUser } from './servers/postgres.js';
import { redisService } from './servers/redis.js';
import { temporalService } from './servers/temporal.js';

export const SERVER_PORTS: Record<ServerName, readonly PortName[]> = {
  temporal: ['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics'],
  postgres: ['postgres'],
  nats: ['nats', 'natsMonitor'],
  redis: ['redis'],
};

export interface ServerContext {
  readonly config: Config;
  readonly paths: HomePaths;
  readonly ports: Ports;
  readonly credentials: Credentials;
  readonly env: Readonly<Record<string, string>>;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

export async function makeServer(name: ServerName, context: ServerContext): Promise<Service> {
  const { config, paths, ports, credentials, onProgress } = context;
  const data = join(paths.data, name);
  const env = serverEnvironment(context.env);
  const port = (which: PortName) => () => ports.of(which);
  const search: SearchOptions = {
    cache: cacheDirectory(context.env),
    env: context.env,
    platform: currentPlatform(),
    signal: context.signal,
    onText: (text) => {
      onProgress({ service: name, text });
    },
  };
  switch (name) {
    case 'temporal': {
      const { path } = await findBinary(BINARIES.temporal, search);
      const [frontend, ui] = [port('temporal'), port('temporalUi')];
      const listen = { frontend, ui, http: port('temporalHttp'), metrics: port('temporalMetrics') };
      return temporalService({
        binary: path,
        data,
        ports: listen,
        namespace: config.namespace,
        env,
      });
    }
    case 'nats': {
      const { path } = await findBinary(BINARIES.nats, search);
      const [listen, monitorPort] = [port('nats'), port('natsMonitor')];
      return natsService({
        ...{ binary: path, data, run: paths.run, port: listen, monitorPort },
        ...{ operator: natsOperator(credentials.nats.operator), env },
      });
    }
    case 'redis': {
      const { path, version } = await findBinary(BINARIES.redis, search);
      const listen = port('redis');
      return redisService({
        ...{
          binary: path,
          version: `${basename(path)} ${version}`,
          data,
          run: paths.run,
          port: listen,
        },
        ...{ credentials: credentials.redis, env },
      });
    }
    case 'postgres': {
      const user = await postgresUser(data);
      const dataMajor = await majorOfData(join(data, 'data'));
      const programs = await findPostgres({ ...search, user, dataMajor });
      const password = credentials.postgres.postgres;
      return postgresService({ programs, base: data, user, port: port('postgres'), password, env });
    }
  }
}

/** Windows has none of it. */
export function assertPlatform(): void {
  if (process.platform !== 'win32') return;
  throw new SandboxError('SANDBOX_009', 'the local stack runs on Linux and macOS', {
    hint: 'Use WSL, or set TEMPORAL_ADDRESS, DATABASE_URL, REDIS_URL and NATS_URL.',
  });
}

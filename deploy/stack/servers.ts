/** The four servers: their programs are found and their services made in parallel. */
import { join } from 'node:path';
import { SandboxError } from '../../domain/errors.js';
import { currentPlatform } from './binaries.js';
import { cacheDirectory, serverEnvironment } from './environment.js';
import type { PortName } from './ports.js';
import type { ServerContext, StackContext } from './server-context.js';
import type { ServerName, Service } from './service.js';
import { natsService } from './servers/nats.js';
import { postgresService } from './servers/postgres.js';
import { redisService } from './servers/redis.js';
import { temporalService } from './servers/temporal.js';

export const SERVER_PORTS: Record<ServerName, readonly PortName[]> = {
  temporal: ['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics'],
  postgres: ['postgres'],
  nats: ['nats', 'natsMonitor'],
  redis: ['redis'],
};

const SERVICES: Record<ServerName, (context: ServerContext) => Promise<Service>> = {
  temporal: temporalService,
  postgres: postgresService,
  nats: natsService,
  redis: redisService,
};

export function makeServer(name: ServerName, stack: StackContext): Promise<Service> {
  const { env, signal, onProgress } = stack;
  const onText = (text: string): void => {
    onProgress({ service: name, text });
  };
  const cache = cacheDirectory(env);
  return SERVICES[name]({
    ...stack,
    data: join(stack.paths.data, name),
    env: serverEnvironment(env),
    search: { cache, env, platform: currentPlatform(), signal, onText },
  });
}

/** Windows has none of it. */
export function assertPlatform(): void {
  if (process.platform !== 'win32') return;
  throw new SandboxError('SANDBOX_009', 'the local stack runs on Linux and macOS', {
    hint: 'Use WSL, or set TEMPORAL_ADDRESS, DATABASE_URL, REDIS_URL and NATS_URL.',
  });
}

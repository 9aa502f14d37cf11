/** The router as in production: its own process, from `dist`, killed and stopped like any other. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../platform/project-root.js';
import type { Servers } from './servers.js';

/** The addresses of a router's servers, and a directory for its log. */
export type RouterServers = Pick<Servers, 'natsUrl' | 'redisUrl' | 'databaseUrl' | 'directory'>;

export class RouterProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it routes, or is a ready standby. */
  static async start(
    servers: RouterServers,
    env: Record<string, string> = {},
  ): Promise<RouterProcess> {
    const router = RouterProcess.spawn(servers, env);
    await router.ready();
    return router;
  }

  /** @param entry another program below dist than the product's own */
  static spawn(
    servers: RouterServers,
    env: Record<string, string> = {},
    entry = 'router/main.js',
  ): RouterProcess {
    const child = fork(join(projectRoot(), 'dist', entry), {
      env: {
        ...process.env,
        SANDBOX_HOME: servers.directory,
        NATS_URL: servers.natsUrl,
        REDIS_URL: servers.redisUrl,
        DATABASE_URL: servers.databaseUrl,
        TEMPORAL_ADDRESS: '127.0.0.1:1',
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.stderr?.pipe(createWriteStream(join(servers.directory, `router-${child.pid}.log`)));
    return new RouterProcess(child);
  }

  /** Resolves when the process has ended, for any reason. */
  get gone(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async ready(): Promise<{ metrics: string }> {
    const [message] = (await once(this.child, 'message', {
      signal: AbortSignal.timeout(20_000),
    })) as [{ metrics: string }];
    return message;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Resolves with the exit code when the process is gone. */
  async end(name: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const gone = once(this.child, 'exit');
    this.child.kill(name);
    await gone;
    return this.child.exitCode;
  }
}

/**
 * A Temporal server for one test, with its own dynamic configuration, and workers that connect it
 * with the run's other servers. Its Schedule never fires: a sweep here would find the run's
 * sandboxes and no workflows.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentPlatform } from '../../deploy/stack/binaries.js';
import { cacheDirectory } from '../../deploy/stack/environment.js';
import { temporalService } from '../../deploy/stack/servers/temporal.js';
import { projectRoot } from '../../platform/project-root.js';
import { until } from './stack.js';
import { runHome } from './run-home.js';

export interface OwnTemporal {
  readonly address: string;
  readonly uiUrl: string;
  /** Address of the HTTP API. */
  readonly apiUrl: string;
  /** Environment of a client or worker that uses this Temporal and the run's other servers. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when the server answers. */
  startWorker(env?: Readonly<Record<string, string>>): Promise<ChildProcess>;
  close(): Promise<void>;
}

/** @param dynamicConfig such as `{ 'limit.historyCount.suggestContinueAsNew': '60' }` */
export async function startOwnTemporal(
  dynamicConfig: Readonly<Record<string, string>> = {},
): Promise<OwnTemporal> {
  const data = await mkdtemp(join(tmpdir(), 'sandbox-temporal-'));
  const settings = Object.entries(dynamicConfig).flatMap(([key, value]) => [
    '--dynamic-config-value',
    `${key}=${value}`,
  ]);
  let started = await startServer(data, settings);
  // Another process may take the free port before the server does.
  for (let attempt = 1; started === null && attempt < 3; attempt += 1)
    started = await startServer(data, settings);
  if (started === null) throw new Error('the own Temporal ends before it serves');
  const { server, frontend, ui, http } = started;
  const address = `127.0.0.1:${frontend}`;
  const ours = {
    SANDBOX_HOME: runHome(),
    TEMPORAL_ADDRESS: address,
    SANDBOX_MIN_TTL: '1s',
    SANDBOX_SWEEP_INTERVAL: '52w',
    LOG_LEVEL: 'warn',
  };
  const children = [server];
  return {
    address,
    uiUrl: `http://127.0.0.1:${ui}`,
    apiUrl: `http://127.0.0.1:${http}/api/v1`,
    env: ours,
    async startWorker(more = {}) {
      const worker = spawn(process.execPath, [join(projectRoot(), 'dist/workers/main.js')], {
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...ours, ...more },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      children.unshift(worker);
      await new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve());
        worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
      });
      return worker;
    },
    async close() {
      for (const child of children) await stop(child);
      await rm(data, { recursive: true, force: true });
    },
  };
}

interface StartedServer {
  readonly server: ChildProcess;
  readonly frontend: number;
  readonly ui: number;
  readonly http: number;
}

/** Null if the server ended before it answered. */
async function startServer(
  data: string,
  settings: readonly string[],
): Promise<StartedServer | null> {
  const [frontend, ui, http, metrics] = await Promise.all([free(), free(), free(), free()]);
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const ports = {
    temporal: frontend,
    temporalUi: ui,
    temporalHttp: http,
    temporalMetrics: metrics,
  };
  const context = {
    data,
    ports: { of: (name: string) => ports[name as keyof typeof ports] },
    config: { namespace: 'default' },
    env: { PATH: env.PATH ?? '', HOME: env.HOME ?? '' },
    search: {
      cache: cacheDirectory(env),
      env,
      platform: currentPlatform(),
      onText: () => undefined,
      signal: new AbortController().signal,
    },
  };
  const service = await temporalService(context, { bare: true });
  const launch = await service.launch();
  const server = spawn(launch.command, [...launch.args, ...settings], {
    env: launch.env,
    stdio: 'ignore',
  });
  const ended = (): boolean => server.exitCode !== null || server.signalCode !== null;
  await until('the own Temporal serves', () => service.probe().then(() => true, ended));
  return ended() ? null : { server, frontend, ui, http };
}

/** Sends SIGTERM, then SIGKILL to a process that does not end. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

function free(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

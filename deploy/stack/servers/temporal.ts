/** Temporal of the local stack: the dev server of its CLI on a SQLite file, with the Web UI. */
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { makeDirectory } from '../home.js';
import type { Launch, Service } from '../service.js';

export interface TemporalOptions {
  readonly binary: string;
  readonly data: string;
  readonly ports: {
    readonly frontend: () => number;
    readonly ui: () => number;
    readonly http: () => number;
    readonly metrics: () => number;
  };
  readonly namespace: string;
  readonly env: Readonly<Record<string, string>>;
}

export function temporalService(options: TemporalOptions): Service {
  const { binary, data, ports, namespace } = options;
  return {
    name: 'temporal',
    stopSignal: 'SIGTERM',
    // SQLite's log survives it, and no other process has the file open when the next server starts.
    deathSignal: 'SIGKILL',
    stopWithinMs: 10_000,
    startWithinMs: 60_000,
    address: () => `127.0.0.1:${ports.frontend()}`,
    metrics: () => `http://127.0.0.1:${ports.metrics()}/metrics`,
    async launch(): Promise<Launch> {
      await makeDirectory(data, 0o700);
      return {
        command: binary,
        args: [
          ...[
            'server',
            'start-dev',
            '--ip',
            '127.0.0.1',
            '--log-level',
            'warn',
            '--ui-disable-news-fetch',
          ],
          ...['--port', String(ports.frontend()), '--ui-port', String(ports.ui())],
          ...['--http-port', String(ports.http()), '--metrics-port', String(ports.metrics())],
          ...['--db-filename', join(data, 'temporal.db'), '--sqlite-pragma', 'journal_mode=wal'],
          // The default holds its one shard to a step every 50 ms after a burst of five creates.
          ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=1000'],
          ...(namespace === 'default' ? [] : ['--namespace', namespace]),
        ],
        env: { ...options.env, TEMPORAL_VERSION_CHECK_DISABLED: '1' },
      };
    },
    async probe() {
      // Its HTTP API asks the same frontend as gRPC does, without the 320 ms that importing the client costs.
      const url = `http://127.0.0.1:${ports.http()}/api/v1/namespaces/${encodeURIComponent(namespace)}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(1_500) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`namespace ${namespace}: HTTP ${response.status}`);
      await canConnect(ports.frontend());
    },
  };
}

function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ port, host: '127.0.0.1', timeout: 1_500 });
    socket
      .once('connect', () => {
        resolve();
        socket.destroy();
      })
      .once('timeout', () => socket.destroy(new Error(`port ${port} does not answer`)))
      .once('error', reject);
  });
}

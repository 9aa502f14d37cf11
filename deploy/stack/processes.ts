/** Worker, router, API and simulated Discord as services: Node processes of this build, which announce their readiness over IPC. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessName, Service } from './service.js';

/** This file is `dist/deploy/stack/processes.js`, in the tests too. */
const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const ENTRIES = {
  worker: 'workers/main.js',
  router: 'router/main.js',
  api: 'api/main.js',
  discord: 'edge/simulated/main.js',
} as const satisfies Record<ProcessName, string>;

export function processService(
  name: ProcessName,
  environment: () => Record<string, string>,
): Service {
  let address: string | null = null;
  let metrics: string | null = null;
  return {
    name,
    stopSignal: 'SIGTERM',
    // It would have seconds of grace for a SIGTERM, with servers that end at the same moment.
    deathSignal: 'SIGKILL',
    stopWithinMs: 20_000,
    startWithinMs: 60_000,
    address: () => address,
    metrics: () => metrics,
    launch: () =>
      Promise.resolve({
        command: process.execPath,
        args: ['--enable-source-maps', join(dist, ENTRIES[name])],
        env: environment(),
        ipc: true,
      }),
    onReady(message) {
      address = message.address ?? null;
      metrics = message.metrics ?? null;
    },
    async probe() {
      if (metrics === null) return;
      const response = await fetch(new URL('/healthz', metrics), {
        signal: AbortSignal.timeout(1_500),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
    },
  };
}

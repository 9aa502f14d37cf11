/** The Temporal SDK's runtime: our signal handling, warnings in our log, metrics on our page. */
import { Runtime } from '@temporalio/worker';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Logger } from '../platform/log.js';

export interface SdkRuntime {
  /** The SDK's own metrics, in Prometheus' text form. */
  readonly sdkMetrics: () => Promise<string>;
}

const ATTEMPTS = 5;
const SCRAPE_MS = 2_000;

/** Once per process, before anything else of the SDK. */
export async function installRuntime(log: Logger): Promise<SdkRuntime> {
  for (let attempt = 1; ; attempt += 1) {
    const bindAddress = `127.0.0.1:${await freePort()}`;
    try {
      install(log, bindAddress);
    } catch (error) {
      // Another process took the port between our check and the SDK's binding.
      if (attempt < ATTEMPTS) continue;
      throw error;
    }
    return {
      sdkMetrics: async () => {
        const page = await fetch(`http://${bindAddress}/metrics`, {
          signal: AbortSignal.timeout(SCRAPE_MS),
        });
        return page.text();
      },
    };
  }
}

function install(log: Logger, bindAddress: string): void {
  Runtime.install({
    // A stop drains first, at most for the shutdown's grace time.
    shutdownSignals: [],
    // With port 0 the SDK does not tell its port, so one is chosen. Only our page reads it.
    telemetryOptions: {
      metrics: {
        prometheus: {
          bindAddress,
          countersTotalSuffix: true,
          useSecondsForDurations: true,
          unitSuffix: true,
        },
      },
    },
    logger: {
      log: () => undefined,
      trace: () => undefined,
      debug: () => undefined,
      info: () => undefined,
      warn: (message, meta) => {
        log.warn({ ...meta }, message);
      },
      error: (message, meta) => {
        log.error({ ...meta }, message);
      },
    },
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

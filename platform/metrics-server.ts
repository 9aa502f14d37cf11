/**
 * `/metrics`, `/healthz` and `/readyz` of a process. It listens on loopback, unless a container
 * needs another address.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { messageOf } from '../domain/errors.js';
import { processMetrics } from './process-metrics.js';

export interface Health {
  readonly ok: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface MetricsServerOptions {
  /** The process's own metrics are added to it. */
  readonly registry: Registry;
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  /**
   * Checks the servers that the process depends on. `/healthz` only says that the process answers.
   */
  readonly ready: () => Promise<Health> | Health;
  /** More text for the page, such as the Temporal SDK's own metrics. */
  readonly more?: () => Promise<string>;
}

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

const isUnspecified = (host: string): boolean => host === '0.0.0.0' || host === '::';

export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { registry, host, port, ready, more } = options;
  const ofProcess = processMetrics(registry);
  const respond = async (path: string): Promise<{ status: number; type: string; body: string }> => {
    if (path === '/metrics') {
      await ofProcess();
      const extra = more === undefined ? '' : await more().catch(() => '');
      return { status: 200, type: registry.contentType, body: (await registry.metrics()) + extra };
    }
    if (path === '/healthz') return { status: 200, type: 'text/plain', body: 'ok\n' };
    if (path === '/readyz') {
      const health = await ready();
      const body = `${JSON.stringify(health)}\n`;
      return { status: health.ok ? 200 : 503, type: 'application/json', body };
    }
    return { status: 404, type: 'text/plain', body: 'not found\n' };
  };
  const server: Server = createServer((request, response) => {
    respond(pathOf(request.url))
      .catch((error: unknown) => ({
        status: 500,
        type: 'text/plain',
        body: `${messageOf(error)}\n`,
      }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type }).end(body);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${isUnspecified(host) ? '127.0.0.1' : host}:${bound}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/**
 * Node takes `//` for an invalid URL. Thrown outside the request's turn, the error would end the
 * process.
 */
function pathOf(url = ''): string {
  return URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost').pathname : url;
}

/**
 * The API's HTTP server: it limits each client's requests and connections, may use TLS, and drains
 * at its end.
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { messageOf, SandboxError } from '../domain/errors.js';
import type { Config } from '../platform/config.js';
import { withDeadline } from '../platform/deadline.js';
import { answerBrokenRequests } from './broken-requests.js';
import type { Bindings } from './call.js';

/** A client's time for its headers, and for the whole request. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const LOOK_EVERY_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;
const MAX_HEADER_BYTES = 16_384;
/** Open streams, requests in flight, and idle connections. */
const MAX_CONNECTIONS = 4_096;
/** Time for requests in progress at the end. */
const DRAIN_MS = 8_000;
const IDLE_EVERY_MS = 20;

export interface ApiServer {
  readonly url: string;
  /** Accepts no new connection, and waits for requests in progress. Close the streams first. */
  close(): Promise<void>;
}

/** @throws SANDBOX_008 for a port that is taken, and for certificate files that cannot be used */
export async function listen(app: Hono<Bindings>, config: Config['api']): Promise<ApiServer> {
  const { host, port } = config;
  const options = {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: LOOK_EVERY_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const tls = certificate(config);
  const server = createAdaptorServer({
    fetch: app.fetch,
    // The base of every request's URL, so the client's Host header decides nothing.
    hostname: 'api.invalid',
    overrideGlobalObjects: false,
    ...(tls === null
      ? { serverOptions: options }
      : { createServer: createTlsServer, serverOptions: { ...options, ...tls } }),
  }) as Server;
  server.maxConnections = MAX_CONNECTIONS;
  answerBrokenRequests(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  }).catch((error: unknown) => {
    throw new SandboxError('SANDBOX_008', `the API cannot listen: ${messageOf(error)}`, {
      hint: 'Set SANDBOX_API_HOST and SANDBOX_API_PORT to an address that is free.',
      cause: error,
    });
  });
  const { port: bound } = server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    url: `${tls === null ? 'http' : 'https'}://${shown}:${bound}`,
    close: () => drain(server),
  };
}

/**
 * A kept-alive connection is idle only between two requests, so this closes idle ones repeatedly.
 */
async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_EVERY_MS);
  await withDeadline(closed, DRAIN_MS, 'the server').catch(() => undefined);
  clearInterval(idle);
  server.closeAllConnections();
}

/** @throws SANDBOX_008 for one file without the other, and for files that cannot be read */
function certificate({ tlsCert, tlsKey }: Config['api']): { cert: Buffer; key: Buffer } | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new SandboxError(
      'SANDBOX_008',
      'SANDBOX_API_TLS_CERT and SANDBOX_API_TLS_KEY are set both or not at all',
    );
  }
  try {
    return { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
  } catch (error) {
    throw new SandboxError('SANDBOX_008', `a file of TLS cannot be read: ${messageOf(error)}`);
  }
}

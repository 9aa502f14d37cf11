/** A TLS gateway in front of Temporal: it requires a client certificate and an API key. */
import {
  connect,
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Authority } from './certificates.js';

export interface TlsProxy {
  /** Has the host name of the certificate. */
  readonly address: string;
  /** Each call that arrived: its gRPC method and its `authorization` header. */
  readonly calls: readonly { readonly method: string; readonly authorization: string }[];
  close(): Promise<void>;
}

export const SERVER_NAME = 'temporal.test';
const UNAUTHENTICATED = '16';

/** @param target host:port of an HTTP/2 server without TLS */
export async function startTlsProxy(
  target: string,
  authority: Authority,
  apiKey: string,
): Promise<TlsProxy> {
  const calls: { method: string; authorization: string }[] = [];
  const upstream = connect(`http://${target}`);
  upstream.on('error', () => undefined);
  const { certificate, key } = authority.issue('the server', { host: SERVER_NAME });
  const server = createSecureServer({
    ...{ cert: certificate, key, ca: authority.certificate },
    ...{ requestCert: true, rejectUnauthorized: true },
  });
  const sockets = new Set<Socket>();
  server.on('secureConnection', (socket: Socket) => sockets.add(socket));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined);
    const { authorization = '' } = headers;
    calls.push({ method: String(headers[':path']).split('/').at(-1) ?? '', authorization });
    if (authorization === `Bearer ${apiKey}`) pass(stream, headers);
    else {
      const refusal = { ':status': 200, 'content-type': 'application/grpc' };
      const status = { 'grpc-status': UNAUTHENTICATED, 'grpc-message': 'no such key' };
      stream.respond({ ...refusal, ...status }, { endStream: true });
    }
  });
  function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const request = upstream.request(headers);
    request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    stream.on('close', () => request.close(constants.NGHTTP2_CANCEL));
    stream.pipe(request);
    let trailers: IncomingHttpHeaders = {};
    request.on('trailers', (given: IncomingHttpHeaders) => {
      trailers = given;
    });
    request.on('response', (answer, flags) => {
      if (stream.destroyed) return;
      const over = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(answer, over ? { endStream: true } : { waitForTrailers: true });
      if (!over) request.pipe(stream);
    });
    stream.on('wantTrailers', () => {
      stream.sendTrailers(trailers);
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        upstream.destroy();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

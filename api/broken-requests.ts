/** Requests that Node's parser refuses: they reach no route, and get a problem as all others. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { SandboxError } from '../domain/errors.js';
import { problemOf } from './problems.js';

/** Node's own statuses for these errors; any other one is 400. */
const REFUSALS: Readonly<Record<string, readonly [status: number, text: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the extensions of a chunk are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request came too slowly'],
};
const MALFORMED = [400, 'the request is not valid HTTP'] as const;

/** Answers such requests on their connections, and then ends these. */
export function answerBrokenRequests(server: Server): void {
  const answering = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }, response) => answering.set(socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const begun = answering.get(socket);
    // A second answer inside a begun one would be taken for its body.
    const within = begun?.headersSent === true && !begun.writableFinished;
    if (!socket.writable || error.code === 'ECONNRESET' || within) socket.destroy();
    else socket.end(answerTo(error));
  });
}

function answerTo({ code = '' }: NodeJS.ErrnoException): string {
  const [status, text] = REFUSALS[code] ?? MALFORMED;
  const { headers, body } = problemOf(new SandboxError('SANDBOX_008', text), randomUUID(), status);
  const json = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'x-request-id': body.requestId,
    'content-length': String(Buffer.byteLength(json)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', json].join('\r\n');
}

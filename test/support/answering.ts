/** A server of raw answers, for what no API of ours would answer: cut connections, proxies' pages, silence. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, seen: Seen) => void;

export interface Answering {
  readonly url: string;
  readonly seen: readonly Seen[];
}

/** The first request gets the first answer; the last one stays. */
export async function answering(...answers: readonly Answer[]): Promise<Answering> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body };
      seen.push(one);
      answers[Math.min(seen.length, answers.length) - 1]?.(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export const json =
  (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

export const problem = (
  status: number,
  code: string,
  details: object = {},
  headers: Readonly<Record<string, string>> = {},
): Answer =>
  json(
    {
      ...{ type: 'about:blank', title: 'a title', status, detail: `detail of ${code}`, code },
      ...{ hint: 'a hint', details, requestId: 'r-1' },
    },
    status,
    { 'content-type': 'application/problem+json', ...headers },
  );

/** The connection is cut before, or in the middle of, the answer. */
export const cut: Answer = (response) => void response.socket?.destroy();
export const cutInBody: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"id":');
  setTimeout(() => response.socket?.destroy(), 20);
};
export const silent: Answer = () => undefined;

/** Of a stream: these frames, then its end. */
export const frames =
  (text: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.end(text);
  };

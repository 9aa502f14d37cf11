/**
 * `fetch` by node:http, for a process of one request: Node's own takes 0.1 s of CPU to compile its
 * HTTP parser to WebAssembly, and the parser of node:http is compiled already.
 */
import { request as overHttp, type IncomingMessage } from 'node:http';

/** Answers that have no body, and for which `Response` accepts none. */
const BODILESS = new Set([204, 205, 304]);

/**
 * Follows no redirect: a request that asks to follow one gets the redirect itself.
 * @throws the signal's reason; TypeError with the system's error as its cause, as `fetch` does
 */
export async function nodeFetch(request: Request): Promise<Response> {
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  const answer = await sent(request, body);
  const { statusCode: status = 0, statusMessage: statusText = '' } = answer;
  if (request.redirect === 'error' && status >= 300 && status < 400 && status !== 304) {
    answer.destroy();
    throw failed(new Error('unexpected redirect'));
  }
  const hasBody = request.method !== 'HEAD' && !BODILESS.has(status);
  if (!hasBody) answer.resume();
  return new Response(hasBody ? bodyOf(answer, request.signal) : null, {
    ...{ status, statusText, headers: headersOf(answer) },
  });
}

async function sent(request: Request, body: Buffer | undefined): Promise<IncomingMessage> {
  const { method, signal, url } = request;
  const send = url.startsWith('https:') ? (await import('node:https')).request : overHttp;
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  const headers = { accept: '*/*', ...Object.fromEntries(request.headers), ...length };
  return new Promise((resolve, reject) => {
    send(url, { method, headers, signal })
      .once('response', resolve)
      .on('error', (error) => reject(reasonOf(error, signal)))
      .end(body);
  });
}

/** Read as fast as its reader reads. */
function bodyOf(answer: IncomingMessage, signal: AbortSignal): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      answer.on('data', (chunk: Buffer) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) answer.pause();
      });
      answer.once('end', () => controller.close());
      answer.on('error', (error) => controller.error(reasonOf(error, signal)));
    },
    pull: () => void answer.resume(),
    cancel: () => void answer.destroy(),
  });
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  return headers;
}

const reasonOf = (error: Error, signal: AbortSignal): Error =>
  signal.aborted ? (signal.reason as Error) : failed(error);

const failed = (cause: Error): TypeError => new TypeError('fetch failed', { cause });

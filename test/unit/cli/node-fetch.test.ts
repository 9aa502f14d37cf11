/** `fetch` by node:http: for the client it is the platform's own. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { nodeFetch } from '../../../cli/node-fetch.js';
import { answering, cut, cutInBody, json, silent, type Answer } from '../../support/answering.js';

const ways = [
  ['node:http', nodeFetch],
  ['the platform', (request: Request) => fetch(request)],
] as const;

describe.each(ways)('fetch by %s', (_way, send) => {
  it('sends method, path, headers and body, and gives status, headers and body back', async () => {
    const { url, seen } = await answering(json({ made: 'ä' }, 201, { 'x-a': 'b' }));
    const request = new Request(`${url}/v1/x?q=1`, {
      ...{ method: 'POST', body: JSON.stringify({ name: 'ü' }), redirect: 'error' },
      headers: { 'content-type': 'application/json', authorization: 'Bearer t' },
    });
    const response = await send(request);
    expect([response.status, response.ok, response.headers.get('x-a')]).toEqual([201, true, 'b']);
    expect(await response.json()).toEqual({ made: 'ä' });
    expect(seen).toMatchObject([{ method: 'POST', url: '/v1/x?q=1', body: '{"name":"ü"}' }]);
    expect(seen[0]?.headers).toMatchObject({
      ...{ 'content-type': 'application/json', authorization: 'Bearer t' },
      ...{ 'content-length': '13', accept: '*/*' },
    });
  });

  it('keeps each of several headers of one name', async () => {
    const { url } = await answering((response) => {
      response.writeHead(200, [...['set-cookie', 'a=1', 'set-cookie', 'b=2'], 'vary', 'x']).end();
    });
    const { headers } = await send(new Request(url));
    expect([headers.getSetCookie(), headers.get('vary')]).toEqual([['a=1', 'b=2'], 'x']);
  });

  it.each([204, 304])('gives an answer %d without a body', async (status) => {
    const { url } = await answering((response) => response.writeHead(status).end());
    const response = await send(new Request(url, { redirect: 'error' }));
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect %d', async (status) => {
    const { url, seen } = await answering((response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    );
    await expect(send(new Request(url, { redirect: 'error' }))).rejects.toThrow('fetch failed');
    expect(seen).toHaveLength(1);
  });

  it('gives a body as it comes', async () => {
    const { url } = await answering((response) => void response.writeHead(200).write('first'));
    const { body } = await send(new Request(url));
    const reader = body!.getReader();
    const { value } = (await reader.read()) as { value: Uint8Array };
    expect(new TextDecoder().decode(value)).toBe('first');
    await reader.cancel();
  });

  const begun: Answer = (response) => void response.writeHead(200).write('first');
  it.each([
    ['before the answer', silent],
    ['within the answer', begun],
  ])('ends by the signal, %s', async (_when, answer) => {
    const { url } = await answering(answer);
    const over = new AbortController();
    const reason = new Error('enough');
    const text = send(new Request(url, { signal: over.signal })).then((response) =>
      response.text(),
    );
    setTimeout(() => over.abort(reason), 100);
    await expect(text).rejects.toBe(reason);
  });

  it('names the cause where nothing listens', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    await new Promise((resolve) => listener.close(resolve));
    const refused = send(new Request(`http://127.0.0.1:${port}/`));
    await expect(refused).rejects.toMatchObject({ name: 'TypeError', message: 'fetch failed' });
    await expect(refused).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  it.each([cut, cutInBody])('rejects where the connection is cut', async (answer) => {
    const { url } = await answering(answer);
    await expect(send(new Request(url)).then((response) => response.text())).rejects.toThrow();
  });
});

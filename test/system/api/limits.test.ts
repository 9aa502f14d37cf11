/** What clients may hold open, and what becomes of one that reads nothing. */
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apiUrl, ask, tokenOf } from '../../support/api.js';
import { scrape } from '../../support/scrape.js';
import { someName, someOwner, until } from '../../support/stack.js';

const openStreams = async (): Promise<number> =>
  (await scrape('api')).get('sandbox_api_streams') ?? Number.NaN;

async function sandboxOf(token: string): Promise<string> {
  const name = someName();
  const made = await ask('POST /v1/sandboxes', { token, body: { name } });
  expect(made.status).toBe(201);
  return name;
}

describe('open streams', () => {
  it('are bounded for each token and for all, and all get each event', async () => {
    const owner = someOwner();
    const tokens = await Promise.all(Array.from({ length: 17 }, () => tokenOf(owner)));
    const name = await sandboxOf(tokens[0] ?? '');
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    let [received, ended, refused] = [0, 0, 0];
    const open = new Set<Response>();
    for (const token of tokens) {
      const answers = await Promise.all(
        Array.from({ length: 66 }, () =>
          fetch(`${apiUrl()}/v1/sandboxes/${name}/events`, {
            headers: { authorization: `Bearer ${token}` },
            signal: stop.signal,
          }),
        ),
      );
      for (const response of answers) {
        expect([200, 429]).toContain(response.status);
        if (response.status === 429) {
          refused += 1;
          await response.body?.cancel();
          continue;
        }
        open.add(response);
        // On a machine that stands still for 1.5 s tokens are not trusted, and streams end.
        void countMarks(response, () => (received += 1)).then(() => {
          open.delete(response);
          ended += 1;
        });
      }
      expect(await openStreams()).toBeLessThanOrEqual(1_024);
    }
    expect(refused).toBeGreaterThanOrEqual(17 * 2);
    if (ended === 0) expect(open.size).toBe(1_024);
    const token = await tokenOf(owner);
    const events = [{ type: 'X', payload: '{"mark":1}' }];
    const sent = await ask(`POST /v1/sandboxes/${name}/events`, { token, body: { events } });
    expect(sent.status).toBe(200);
    await until('each has the event', () => Promise.resolve(received >= open.size));
    stop.abort();
    await until('all are closed', async () => (await openStreams()) === 0);
  });

  it('of a client that reads nothing are cut off, and others get everything', async () => {
    const token = await tokenOf(someOwner());
    const name = await sandboxOf(token);
    const path = `/v1/sandboxes/${name}/events`;
    const { hostname, port } = new URL(apiUrl());
    const deaf = connect(Number(port), hostname);
    onTestFinished(() => void deaf.destroy());
    deaf.on('error', () => undefined);
    deaf.pause();
    deaf.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await until('it is open', async () => (await openStreams()) === 1);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    let received = 0;
    const listening = await fetch(apiUrl() + path, {
      headers: { authorization: `Bearer ${token}` },
      signal: stop.signal,
    });
    void countMarks(listening, () => (received += 1));
    const events = Array.from({ length: 30 }, () => ({
      type: 'X',
      payload: JSON.stringify({ text: 'x'.repeat(30_000), mark: 1 }),
    }));
    for (let i = 0; i < 20; i += 1) {
      const sent = await ask(`POST ${path}`, { token, body: { events } });
      expect(sent.status).toBe(200);
    }
    await until('the other has everything', () => Promise.resolve(received === 600), 60_000);
    await until('it is cut off', async () => (await openStreams()) === 1);
  });
});

async function countMarks(response: Response, add: () => void): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const parts = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) if (part.includes('mark')) add();
    }
  } catch {
    // Closed at the end of the test.
  }
}

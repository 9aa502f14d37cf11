/** The bounds of open streams, and the end of a stream whose client reads nothing. */
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STREAMS } from '../../../api/limits.js';
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

/** Two batches are two more than a token's limit of streams. One stays below that of requests. */
const BATCH = STREAMS.perToken / 2 + 1;

/** Open streams of one sandbox, each with the number of marked events that it has received. */
class Streams {
  readonly open = new Map<Response, number>();
  readonly stop = new AbortController();

  constructor(private readonly path: string) {}

  /** Opens streams until the token's limit, or that of all, refuses one. @returns each refusal */
  async fill(token: string): Promise<string[]> {
    const refusals: string[] = [];
    const headers = { authorization: `Bearer ${token}` };
    const { signal } = this.stop;
    for (let batch = 0; batch < 2; batch += 1) {
      const answers = await Promise.all(
        Array.from({ length: BATCH }, () => fetch(apiUrl() + this.path, { headers, signal })),
      );
      for (const response of answers) {
        if (response.status === 200) this.watch(response);
        else refusals.push(`${response.status} ${await response.text()}`);
      }
    }
    return refusals;
  }

  /** A process that stops for 1.5 s trusts no token: some streams then end, and leave `open`. */
  private watch(response: Response): void {
    this.open.set(response, 0);
    const count = () => this.open.set(response, (this.open.get(response) ?? 0) + 1);
    void countMarks(response, count).then(() => this.open.delete(response));
  }
}

describe('open streams', () => {
  it('are bounded for each token and for all, and all get each event once', async () => {
    const owner = someOwner();
    const tokens = await Promise.all(Array.from({ length: 17 }, () => tokenOf(owner)));
    const [last = ''] = tokens.splice(16);
    expect(tokens.length * STREAMS.perToken).toBe(STREAMS.all);
    const path = `/v1/sandboxes/${await sandboxOf(last)}/events`;
    const streams = new Streams(path);
    onTestFinished(() => streams.stop.abort());
    // The last of these tokens takes the last place of all.
    for (const token of tokens.slice(0, -1)) {
      const refusals = await streams.fill(token);
      expect(refusals.length).toBeGreaterThanOrEqual(2);
      for (const refusal of refusals) expect(refusal).toMatch(/^429 .*this token has 64 streams/);
    }
    const isFull = async () => (await openStreams()) === STREAMS.all;
    const fillUp = async () => {
      for (const token of [...tokens].reverse()) if (!(await isFull())) await streams.fill(token);
      return isFull();
    };
    await until('all places are taken', fillUp, 60_000);
    const refused = await streams.fill(last);
    expect(refused.length).toBe(2 * BATCH);
    for (const refusal of refused) expect(refusal).toMatch(/^429 .*the API has 1024 streams/);
    expect(streams.open.size).toBe(STREAMS.all);
    const events = [{ type: 'X', payload: '{"mark":1}' }];
    const sent = await ask(`POST ${path}`, { token: last, body: { events } });
    expect(sent.status).toBe(200);
    await until('each has the event', () =>
      Promise.resolve([...streams.open.values()].every((marks) => marks > 0)),
    );
    expect([...streams.open.values()].filter((marks) => marks !== 1)).toEqual([]);
    streams.stop.abort();
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

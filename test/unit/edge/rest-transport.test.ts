/** REST calls as they travel: addresses, bodies, failures of the server itself, windows of limits. */
import { createServer, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RateLimits } from '../../../edge/simulated/rest/rate-limits.js';
import { Rest } from '../../../edge/simulated/rest/rest.js';
import { Routes } from '../../../edge/simulated/rest/router.js';
import type { Services } from '../../../edge/simulated/services.js';
import { World } from '../../../edge/simulated/world/world.js';
import { SECRET, simulate } from '../../support/simulated-discord.js';

const { discord, first, one, rest } = await simulate();
const [general = '', more = ''] = first.channelIds;
const code = (reply: { status: number; body: { code: number } }) => [reply.status, reply.body.code];

/** A call with exactly these headers and bytes. */
async function call(path: string, headers: Record<string, string>, body?: string | Uint8Array) {
  const response = await fetch(`${discord.url}${path}`, {
    ...{ method: body === undefined ? 'GET' : 'POST', headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, body: (await response.json()) as { code: number } };
}
const bot = { authorization: `Bot ${one.token}` };
const MESSAGES = `/api/v10/channels/${more}/messages`;

describe('an address', () => {
  it('outside of the API is unknown', async () => {
    expect(code(await call('/gateway', {}))).toEqual([404, 0]);
    expect(code(await call('/api/v10', {}))).toEqual([404, 0]);
  });

  it('without a version is the newest one’s', async () => {
    const { status, body } = await call('/api/gateway', {});
    expect([status, body]).toEqual([200, { url: discord.gatewayUrl }]);
  });

  it('may escape the @ of @me, as some libraries do', async () => {
    expect((await rest('GET', '/users/%40me')).body.id).toBe(one.id);
  });

  it('with a broken escape is a bad request', async () => {
    const { id } = await discord.control.say(first.id, 'react', general);
    const reply = await rest('GET', `/channels/${general}/messages/${id}/reactions/%E0%A4%A`);
    expect(code(reply)).toEqual([400, 0]);
  });
});

it('a token that is not a bot’s is refused', async () => {
  const reply = await call('/api/v10/users/@me', { authorization: `Bearer ${one.token}` });
  expect(code(reply)).toEqual([401, 0]);
});

describe('a body', () => {
  it('of a form may give the fields themselves', async () => {
    const form = new FormData();
    form.set('content', 'from a field');
    expect((await rest('POST', `/channels/${more}/messages`, form)).body).toMatchObject({
      ...{ content: 'from a field', attachments: [] },
    });
  });

  it('of a form that cannot be read is a bad request', async () => {
    const headers = { ...bot, 'content-type': 'multipart/form-data' };
    expect(code(await call(MESSAGES, headers, 'no boundary'))).toEqual([400, 0]);
  });

  it('without a content type is refused', async () => {
    const bytes = new TextEncoder().encode('{"content":"x"}');
    expect(code(await call(MESSAGES, bot, bytes))).toEqual([400, 50035]);
  });

  it('that is a list counts as an empty message', async () => {
    const headers = { ...bot, 'content-type': 'application/json' };
    expect(code(await call(MESSAGES, headers, '["x"]'))).toEqual([400, 50006]);
  });

  it('above 25 MiB is too large', async () => {
    const headers = { ...bot, 'content-type': 'application/json' };
    const bytes = new Uint8Array(25 * 1024 * 1024 + 1);
    expect(code(await call(MESSAGES, headers, bytes))).toEqual([413, 40005]);
  });
});

describe('a failure of simulated Discord itself', () => {
  it('is answered with 500 in Discord’s shape, and reported without the query', async () => {
    const { url, failures } = await serve(() => {
      throw new Error('broken');
    });
    const response = await fetch(`${url}/api/v10/fails?secret=1`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: '500: Internal Server Error', code: 0 });
    expect(failures).toEqual([['GET /api/v10/fails', 'broken']]);
  });

  it('is not that a client goes before its answer, which is then not written', async () => {
    const { url, failures, calls, gone } = await serve(() => gone);
    const request = httpRequest(`${url}/api/v10/fails`).on('error', () => undefined);
    request.end();
    await vi.waitUntil(() => calls.length > 0);
    request.destroy();
    await gone;
    const [{ response, served }] = calls as [(typeof calls)[0]];
    await served;
    expect([response.headersSent, failures]).toEqual([false, []]);
  });

  /** A REST API with one route. */
  async function serve(handle: () => unknown) {
    const world = new World({ now: Date.now, random: Math.random, secret: SECRET });
    const failures: string[][] = [];
    const api = new Rest({
      // The route uses no other service.
      ...{ services: { world } as unknown as Services, globalLimit: 50 },
      routes: new Routes().open('GET', '/fails', handle),
      onFailure: (...failure) => failures.push(failure),
    });
    const calls: { response: ServerResponse; served: Promise<void> }[] = [];
    let go = (): void => undefined;
    const gone = new Promise<void>((resolve) => (go = resolve));
    const server = createServer((request, response) => {
      response.once('close', go);
      calls.push({ response, served: api.serve(request, response) });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, failures, calls, gone };
  }
});

describe('windows of limits', () => {
  const routes = new Routes()
    .open('POST', '/webhooks/:webhook/*token', () => null, { limit: [1, 60_000] })
    .open('POST', '/channels/:channel', () => null, { limit: [1, 1_000] });

  it('stay in force while thousands of closed ones are forgotten', () => {
    let now = 0;
    const limits = new RateLimits(() => now, 50);
    const post = (): boolean =>
      limits.take('anyone', routes.find('POST', '/webhooks/1/token')).refused === null;
    const inChannel = (id: number): boolean =>
      limits.take('anyone', routes.find('POST', `/channels/${id}`)).refused === null;
    expect([post(), post()]).toEqual([true, false]);
    for (let id = 1; id < 10_000; id++) inChannel(id);
    expect(inChannel(1)).toBe(false);
    now = 2_000;
    // The 10,001st window.
    expect(inChannel(10_000)).toBe(true);
    expect([post(), inChannel(1)]).toEqual([false, true]);
    now = 60_000;
    expect(post()).toBe(true);
  });
});

/** A server that is away is named within 5 s; what needs another one is answered meanwhile. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { restart, signalService, status } from '../../../deploy/stack/index.js';
import { ask, startApi, tokenOf, type Asked } from '../../support/api.js';
import { freeze } from '../../support/freeze.js';
import {
  openClient,
  someName,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../../support/stack.js';
import { TcpProxy } from '../chaos/tcp-proxy.js';

async function timed(asking: Promise<Asked>): Promise<Asked & { millis: number }> {
  const began = Date.now();
  return { ...(await asking), millis: Date.now() - began };
}

function expectAway(
  { status: code, body, millis, headers }: Asked & { millis: number },
  name: string,
) {
  expect([code, body.code]).toEqual([503, 'SANDBOX_009']);
  expect(body.details).toMatchObject({ dependency: name });
  expect(headers.get('retry-after')).toBe('1');
  expect(millis).toBeLessThan(5_000);
}

describe('a server that stands still', () => {
  afterEach(async () => {
    const token = await tokenOf(someOwner());
    await until(
      'the API answers',
      async () => (await ask('GET /v1/sandboxes', { token })).status === 200,
    );
  });

  it('postgres: every request says so, and sign-in comes back with it', async () => {
    const { database } = stackState().urls.api;
    const proxy = await TcpProxy.start(Number(new URL(database).port));
    onTestFinished(() => proxy.close());
    const given = database.replace(/:[0-9]+\//, `:${proxy.port}/`);
    const { url } = await startApi({ SANDBOX_CONTROL_DATABASE_URL: given });
    const token = await tokenOf(someOwner());
    expect((await ask('GET /v1/me', { token, url })).status).toBe(200);
    proxy.stall();
    expectAway(await timed(ask('GET /v1/sandboxes', { token, url })), 'postgres');
    expectAway(await timed(ask('GET /v1/me', { token, url })), 'postgres');
    proxy.resume();
    await until('signed in', async () => (await ask('GET /v1/me', { token, url })).status === 200);
  });

  it('temporal: changes say so, reads go on', async () => {
    const token = await tokenOf(someOwner());
    const name = someName();
    await ask('POST /v1/sandboxes', { token, body: { name } });
    const thaw = await freeze('temporal');
    const change = timed(ask(`POST /v1/sandboxes/${name}/extend`, { token, body: { by: '1h' } }));
    expect((await ask(`GET /v1/sandboxes/${name}`, { token })).status).toBe(200);
    expectAway(await change, 'temporal');
    await thaw();
  });

  it('nats: its events say so, reads go on', async () => {
    const token = await tokenOf(someOwner());
    const name = someName();
    await ask('POST /v1/sandboxes', { token, body: { name } });
    const thaw = await freeze('nats');
    const body = { events: [{ type: 'X', payload: '{}' }] };
    expectAway(await timed(ask(`POST /v1/sandboxes/${name}/events`, { token, body })), 'nats');
    expectAway(await timed(ask(`GET /v1/sandboxes/${name}/events`, { token })), 'nats');
    expect((await ask(`GET /v1/sandboxes/${name}`, { token })).status).toBe(200);
    await thaw();
  });

  it('redis: a create says so; its repetition is the same sandbox once it is back', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const request = { token, body: {}, headers: { 'idempotency-key': randomUUID() } };
    const thaw = await freeze('redis');
    expectAway(await timed(ask('POST /v1/sandboxes', request)), 'redis');
    expect((await ask('GET /v1/sandboxes', { token })).status).toBe(200);
    await thaw();
    const again = await until('created', async () => {
      const made = await ask('POST /v1/sandboxes', request);
      return made.status === 201 ? made : null;
    });
    expect((await openClient().list({ owner })).map(({ id }) => id)).toEqual([again.body.id]);
  });
});

describe('an API that is killed', () => {
  it('in the middle of a create makes one sandbox, which the repetition gives', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const request = { token, body: { ttl: '1h' }, headers: { 'idempotency-key': randomUUID() } };
    for (const after of [20, 60, 150]) {
      const cut = ask('POST /v1/sandboxes', request).catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, after));
      await signalService(stackConfig(), 'api', 'SIGKILL');
      await cut;
      await until('the API is back', async () => {
        const found = (await status(stackConfig())).find(({ name }) => name === 'api');
        return found?.state === 'running' && (await ask('GET /v1/me', { token }).catch(() => null));
      });
    }
    const made = await ask('POST /v1/sandboxes', request);
    expect(made.status).toBe(201);
    expect((await openClient().list({ owner })).map(({ id }) => id)).toEqual([made.body.id]);
  });

  it('drains: a request in flight is answered, and streams end', async () => {
    const token = await tokenOf(someOwner());
    const creating = ask('POST /v1/sandboxes', { token, body: {} });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = Date.now();
    await Promise.all([restart(stackConfig(), 'api'), creating]);
    expect((await creating).status).toBe(201);
    expect(Date.now() - began).toBeLessThan(20_000);
  });
});

/** An open stream ends with the right to it, with Postgres, and with the API. */
import { expect, it, onTestFinished } from 'vitest';
import { restart } from '../../../deploy/stack/index.js';
import { ask, startApi, tokenOf } from '../../support/api.js';
import { openStream, type OpenStream } from '../../support/sse.js';
import { openClient, someOwner, stackConfig, stackState } from '../../support/stack.js';
import { TcpProxy } from '../chaos/tcp-proxy.js';

/** Milliseconds until the server ended it. A stream that stays open fails by the test's time. */
async function endOf(stream: OpenStream): Promise<number> {
  const began = Date.now();
  await stream.ended;
  return Date.now() - began;
}

async function follow(token: string, url?: string): Promise<OpenStream> {
  const stream = await openStream('/v1/events', token, url === undefined ? {} : { url });
  expect(stream.status).toBe(200);
  await stream.next('the begin', ({ name }) => name === 'waiting');
  return stream;
}

it('at the end of the token’s life', async () => {
  const stream = await follow(await tokenOf(someOwner(), { ttl: '3s' }));
  expect(await endOf(stream)).toBeLessThan(5_500);
});

it('at the destroy of the sandbox that the token is bound to', async () => {
  const owner = someOwner();
  const { id } = await openClient().create({ owner });
  const token = await tokenOf(owner, { kind: 'sandbox', sandbox: id });
  const stream = await openStream(`/v1/sandboxes/${id}/events`, token);
  await stream.next('the begin', ({ name }) => name === 'waiting');
  await openClient().destroy(id);
  expect(await endOf(stream)).toBeLessThan(3_000);
  expect((await ask('GET /v1/me', { token })).status).toBe(401);
});

it('where Postgres cannot say that the token is still valid', async () => {
  const { database } = stackState().urls.api;
  const proxy = await TcpProxy.start(Number(new URL(database).port));
  onTestFinished(() => proxy.close());
  const given = database.replace(/:[0-9]+\//, `:${proxy.port}/`);
  const { url } = await startApi({ SANDBOX_CONTROL_DATABASE_URL: given });
  const streams = await Promise.all(
    Array.from({ length: 20 }, async () => follow(await tokenOf(someOwner()), url)),
  );
  proxy.stall();
  const times = await Promise.all(streams.map(endOf));
  proxy.resume();
  expect(Math.max(...times)).toBeLessThan(4_000);
});

it('where the API stops, within its 10 s', async () => {
  const stream = await follow(await tokenOf(someOwner()));
  const [millis] = await Promise.all([endOf(stream), restart(stackConfig(), 'api')]);
  expect(millis).toBeLessThan(10_000);
});

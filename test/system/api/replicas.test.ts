/** Two replicas of the API, behind one address for developers: neither keeps what the other does not know. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { apiUrl, ask, startApi, tokenOf, type Asked } from '../../support/api.js';
import { openClient, someGuild, someName, someOwner, until } from '../../support/stack.js';

/** Two seconds, and half a second for the answer. */
const DEAD_WITHIN_MS = 2_500;

const answer = ({ status, body }: Asked): unknown => {
  const { requestId: _own, ...rest } = body;
  return [status, rest];
};

it('answer alike, and a key of one is the key of both', async () => {
  const { url } = await startApi();
  const [owner, name, guild] = [someOwner(), someName(), someGuild()];
  const token = await tokenOf(owner);
  const create = (replica: string) =>
    ask('POST /v1/sandboxes', {
      ...{ url: replica, token, body: { name, ttl: '1h', guildIds: [guild] } },
      headers: { 'idempotency-key': `key-of-${name}` },
    });
  const [first, second] = await Promise.all([create(apiUrl()), create(url)]);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body.id).toBe(first.body.id);
  for (const line of [
    `GET /v1/sandboxes/${name}`,
    `GET /v1/sandboxes?owner=${owner}`,
    `GET /v1/guilds/${guild}`,
    `GET /v1/sandboxes/${name}/audit`,
    'GET /v1/me',
    'GET /v1/sandboxes/no-such-sandbox',
    'GET /v1/tokens/nonsense',
  ]) {
    const [one, other] = await Promise.all([ask(line, { token }), ask(line, { token, url })]);
    expect(answer(other), line).toEqual(answer(one));
  }
  const gone = await ask(`DELETE /v1/sandboxes/${name}`, { token, url });
  expect(gone.status).toBeLessThan(300);
});

it('forget a revoked token within two seconds, whichever was asked to revoke it', async () => {
  const { url } = await startApi();
  const owner = someOwner();
  const client = openClient();
  const { id, token } = await client.createToken({ owner, scopes: ['sandbox:read'] });
  const statuses = (): Promise<number[]> =>
    Promise.all(
      [apiUrl(), url].map(
        async (replica) => (await ask('GET /v1/me', { token, url: replica })).status,
      ),
    );
  expect(await statuses()).toEqual([200, 200]);
  await client.revokeToken(id);
  const revokedAt = performance.now();
  await until('both refuse it', async () => {
    const seen = await statuses();
    await delay(20);
    return seen.every((status) => status === 401);
  });
  expect(performance.now() - revokedAt).toBeLessThan(DEAD_WITHIN_MS);
});

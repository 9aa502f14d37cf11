/** `Idempotency-Key`: the same request again is the same change. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ask, tokenOf } from '../../support/api.js';
import { openClient, someName, someOwner } from '../../support/stack.js';

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });

describe('a request with a key', () => {
  it('makes one sandbox however often it comes, also at once', async () => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const request = { token, body: { ttl: '1h' }, ...keyed(randomUUID()) };
    const answers = await Promise.all([1, 2, 3].map(() => ask('POST /v1/sandboxes', request)));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const later = await ask('POST /v1/sandboxes', request);
    expect(later.status).toBe(201);
    expect(later.headers.get('idempotent-replayed')).toBe('true');
    expect(later.body.id).toBe(answers[0]?.body.id);
    expect(await openClient().list({ owner })).toHaveLength(1);
  });

  it('is refused with another body', async () => {
    const token = await tokenOf(someOwner());
    const key = keyed(randomUUID());
    await ask('POST /v1/sandboxes', { token, body: { ttl: '1h' }, ...key });
    const other = await ask('POST /v1/sandboxes', { token, body: { ttl: '2h' }, ...key });
    expect([other.status, other.body.code]).toEqual([422, 'SANDBOX_014']);
  });

  it('is another request for another token', async () => {
    const key = keyed(randomUUID());
    const made = await Promise.all(
      [await tokenOf(someOwner()), await tokenOf(someOwner())].map((token) =>
        ask('POST /v1/sandboxes', { token, body: {}, ...key }),
      ),
    );
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    expect(made[0]?.body.id).not.toBe(made[1]?.body.id);
  });

  it('extends once', async () => {
    const token = await tokenOf(someOwner());
    const name = someName();
    const made = await ask('POST /v1/sandboxes', { token, body: { name, ttl: '1h' } });
    const request = { token, body: { by: '1h' }, ...keyed(randomUUID()) };
    const [first, second] = [
      await ask(`POST /v1/sandboxes/${name}/extend`, request),
      await ask(`POST /v1/sandboxes/${name}/extend`, request),
    ];
    expect(second.body.expiresAt).toBe(first.body.expiresAt);
    const moved =
      Date.parse(String(first.body.expiresAt)) - Date.parse(String(made.body.expiresAt));
    expect(moved).toBe(3_600_000);
  });

  it('shows the text of a token once', async () => {
    const token = await tokenOf(someOwner());
    const request = {
      token,
      body: { scopes: ['sandbox:read'], ttl: '1d' },
      ...keyed(randomUUID()),
    };
    const first = await ask('POST /v1/tokens', request);
    expect(first.status).toBe(201);
    const second = await ask('POST /v1/tokens', request);
    expect(String(first.body.token)).toMatch(/^sbx_person_/);
    expect(second.body).toEqual({ ...first.body, token: null });
  });

  it('publishes its events once', async () => {
    const token = await tokenOf(someOwner());
    const name = someName();
    await ask('POST /v1/sandboxes', { token, body: { name } });
    const request = {
      token,
      body: { events: [{ type: 'MESSAGE_CREATE', payload: '{"t":"MESSAGE_CREATE"}' }] },
      ...keyed(randomUUID()),
    };
    const [first, second] = await Promise.all([
      ask(`POST /v1/sandboxes/${name}/events`, request),
      ask(`POST /v1/sandboxes/${name}/events`, request),
    ]);
    expect(first.status).toBe(200);
    expect(second.body).toEqual(first.body);
  });
});

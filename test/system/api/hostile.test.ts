/** Requests that try to break the API: shapes, sizes, addresses, tokens. Every answer is a problem and tells nothing more. */
import { describe, expect, it } from 'vitest';
import { Problem } from '../../../api/contract/schemas.js';
import { answerOf, ask, startApi, tokenOf, type Asked } from '../../support/api.js';
import { rawRequest } from '../../support/raw-request.js';
import { openClient, someGuild, someOwner } from '../../support/stack.js';

function expectProblem(asked: Asked, status: number, code: string): void {
  expect([asked.status, asked.body.code]).toEqual([status, code]);
  expect(asked.headers.get('content-type')).toBe('application/problem+json');
  expect(Problem.parse(asked.body)).toEqual(asked.body);
  expect(asked.headers.get('x-request-id')).toBe(asked.body.requestId);
  expect(JSON.stringify(asked.body)).not.toMatch(
    / at .*\.(ts|js):|SELECT|node_modules|sbx_\w+_\w{12}_/,
  );
}

describe('a body', () => {
  it.each([
    ['no JSON', '{"name":'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['an unknown field', '{"nmae":"x"}'],
    ['a field of another type', '{"name":1}'],
    ['null for a field', '{"name":null}'],
    ['__proto__', '{"__proto__":{"owner":"root"}}'],
    ['constructor', '{"constructor":{"prototype":{"owner":"root"}}}'],
    ['a guild that is none', '{"guildIds":["1"]}'],
    ['a guild as a number', '{"guildIds":[1234567890123456789]}'],
    ['too many guilds', JSON.stringify({ guildIds: Array(1_001).fill('1234567890123456789') })],
    ['an owner with a line end', '{"owner":"a\\r\\nx"}'],
    ['a life span that is none', '{"ttl":"soon"}'],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ])('of %s is SANDBOX_008', async (_what, body) => {
    const token = await tokenOf(someOwner());
    expectProblem(await ask('POST /v1/sandboxes', { token, body }), 400, 'SANDBOX_008');
    expect(({} as Record<string, unknown>).owner).toBeUndefined();
  });

  it.each([
    ['of the body', (owner: string) => `{"owner":"root","owner":"${owner}"}`],
    ['written in two ways', (owner: string) => `{"owner":"root","\\u006fwner":"${owner}"}`],
    ['of an equal value', (owner: string) => `{"owner":"${owner}","owner":"${owner}"}`],
    ['of an inner object', () => '{"guildIds":[{"a":1,"a":2}]}'],
  ])('with a key twice, %s, is refused: two parsers could read two bodies', async (_what, of) => {
    const owner = someOwner();
    const token = await tokenOf(owner);
    const asked = await ask('POST /v1/sandboxes', { token, body: of(owner) });
    expectProblem(asked, 400, 'SANDBOX_008');
    expect(asked.body.detail).toBe('body: a field is given twice');
    // Each field once is accepted.
    const once = await ask('POST /v1/sandboxes', { token, body: `{"owner":"${owner}"}` });
    expect(answerOf('createSandbox', once)).toMatchObject({ owner });
  });

  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['multipart/form-data; boundary=x', {}],
    ['application/json; charset=utf-16', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('of type %s %o is 415', async (type, more) => {
    const token = await tokenOf(someOwner());
    const headers = { 'content-type': type, ...more };
    expectProblem(
      await ask('POST /v1/sandboxes', { token, body: '{}', headers }),
      415,
      'SANDBOX_008',
    );
  });

  it('of more than 1 MiB is 413, also where its length is not told', async () => {
    const token = await tokenOf(someOwner());
    const body = JSON.stringify({ name: 'x'.repeat(1_100_000) });
    expectProblem(await ask('POST /v1/sandboxes', { token, body }), 413, 'SANDBOX_008');
    const chunked = await rawRequest(
      [
        'POST /v1/sandboxes HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ],
      `${(1_100_000).toString(16)}\r\n${body.slice(0, 1_100_000)}\r\n0\r\n\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413/);
  });
});

describe('a path', () => {
  it.each([
    '..%2f..%2fetc%2fpasswd',
    '%00',
    'a%2fb',
    'SB0123456789',
    'a'.repeat(64),
    '%F0%9F%92%A9',
    "x'%20OR%201=1--",
    '-',
    'a%0d%0aSet-Cookie:x=1',
  ])('that names a sandbox %s is SANDBOX_008', async (ref) => {
    const token = await tokenOf(someOwner());
    for (const line of [`GET /v1/sandboxes/${ref}`, `DELETE /v1/sandboxes/${ref}`])
      expectProblem(await ask(line, { token }), 400, 'SANDBOX_008');
  });

  it.each(['/v1/sandboxes/%E0%A4%A', '/v1/nothing', '/v1/sandboxes/a/b/c/d', '//v1/me'])(
    'that is %s is a problem',
    async (path) => {
      const token = await tokenOf(someOwner());
      const asked = await ask(`GET ${path}`, { token });
      expect([400, 404]).toContain(asked.status);
      expect(Problem.parse(asked.body)).toEqual(asked.body);
    },
  );

  it.each(['..', '%2e%2e', '.%2E', '.'])(
    'that names a sandbox %s, as sent, is a problem',
    async (ref) => {
      const token = await tokenOf(someOwner());
      // `fetch` would resolve these segments before it sends the request.
      for (const method of ['GET', 'DELETE']) {
        const answer = await rawRequest([
          `${method} /v1/sandboxes/${ref} HTTP/1.1`,
          ...['Host: x', `Authorization: Bearer ${token}`, 'Connection: close'],
        ]);
        expect(answer).toMatch(/^HTTP\/1\.1 (400|404) [^]*"code":"SANDBOX_00[48]"/);
      }
    },
  );

  it('with another method is 405 and names those that are', async () => {
    const token = await tokenOf(someOwner());
    const asked = await ask('PATCH /v1/sandboxes', { token });
    expectProblem(asked, 405, 'SANDBOX_008');
    expect(asked.headers.get('allow')).toBe('POST, GET');
  });

  it.each([
    'limit=0',
    'limit=501',
    'limit=x',
    'owner=a%0ab',
    'status=alive',
    'x=1',
    'limit=1&limit=2',
    'cursor=%F0',
  ])('with the query %s is SANDBOX_008', async (query) => {
    const token = await tokenOf(someOwner());
    expectProblem(await ask(`GET /v1/sandboxes?${query}`, { token }), 400, 'SANDBOX_008');
  });
});

describe('a token', () => {
  it('is refused where it is forged, cut, changed, of another kind or absent', async () => {
    const token = await tokenOf(someOwner());
    const [, kind, id, rest = ''] = token.split('_');
    const forged = [
      token.slice(0, -1),
      `${token}a`,
      token.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
      `sbx_service_${id}_${rest}`,
      `sbx_${kind}_${id}_${'a'.repeat(46)}`,
      'x',
    ];
    for (const text of forged)
      expectProblem(await ask('GET /v1/me', { token: text }), 401, 'SANDBOX_012');
    const absent = await ask('GET /v1/me');
    expectProblem(absent, 401, 'SANDBOX_012');
    expect(absent.headers.get('www-authenticate')).toMatch(/^Bearer/);
    for (const authorization of [
      'Basic YTpi',
      `Token ${token}`,
      token,
      'Bearer',
      `Bearer ${token} x`,
    ])
      expectProblem(await ask('GET /v1/me', { headers: { authorization } }), 401, 'SANDBOX_012');
  });

  it('in the address is refused, though it is valid', async () => {
    const token = await tokenOf(someOwner());
    const escaped = token.replaceAll('_', '%5F').replace('s', '%73');
    const queries = [`token=${token}`, `access_token=${token}`, `x=${token}`, `x=${escaped}`];
    for (const path of ['/v1/me', '/v1/nothing', '/openapi.json'])
      for (const query of queries) {
        const asked = await ask(`GET ${path}?${query}`, { token });
        expectProblem(asked, 400, 'SANDBOX_008');
        expect(asked.body.hint).toContain('Revoke this one');
      }
  });

  it('reaches nothing beyond its scopes, its owner and its sandbox', async () => {
    const [owner, other] = [someOwner(), someOwner()];
    const [mine, theirs] = await Promise.all(
      [owner, other].map((name) => openClient().create({ owner: name })),
    );
    const reader = await tokenOf(owner, { scopes: ['sandbox:read'] });
    for (const line of [`DELETE /v1/sandboxes/${mine?.id}`, `GET /v1/sandboxes/${mine?.id}/events`])
      expectProblem(await ask(line, { token: reader }), 403, 'SANDBOX_010');
    const token = await tokenOf(owner);
    for (const line of [
      `DELETE /v1/sandboxes/${theirs?.id}`,
      `POST /v1/sandboxes/${theirs?.name}/reset`,
      `PUT /v1/sandboxes/${theirs?.id}/guilds/${someGuild()}`,
      `GET /v1/sandboxes/${theirs?.id}/connection`,
      `GET /v1/sandboxes/${theirs?.id}/events`,
      `GET /v1/tokens?owner=${other}`,
    ])
      expectProblem(await ask(line, { token }), 403, 'SANDBOX_010');
    const bound = await tokenOf(owner, { kind: 'sandbox', sandbox: mine?.id ?? '' });
    expect((await ask(`GET /v1/sandboxes/${mine?.id}`, { token: bound })).status).toBe(200);
    for (const line of [`GET /v1/sandboxes/${theirs?.id}`, 'GET /v1/sandboxes', 'GET /v1/events'])
      expectProblem(await ask(line, { token: bound }), 403, 'SANDBOX_010');
  });

  it('of a sandbox that is hidden learns nothing of it', async () => {
    const { url } = await startApi({ SANDBOX_VISIBILITY: 'own' });
    const guild = someGuild();
    const hidden = await openClient().create({ owner: someOwner(), guildIds: [guild] });
    const token = await tokenOf(someOwner());
    expectProblem(await ask(`GET /v1/sandboxes/${hidden.id}`, { token, url }), 404, 'SANDBOX_004');
    const held = await ask(`GET /v1/guilds/${guild}`, { token, url });
    expect(held.body).toEqual({ guildId: guild, sandbox: null });
    const list = await ask('GET /v1/sandboxes', { token, url });
    expect(list.body.items).toEqual([]);
  });
});

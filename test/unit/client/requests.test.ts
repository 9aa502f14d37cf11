/** The client against answers that an API seldom gives: what it repeats, what it refuses, what it says. */
import { describe, expect, it } from 'vitest';
import {
  ApiError,
  SandboxClient,
  SandboxError,
  type ClientOptions,
} from '../../../client/index.js';
import { newToken, newTokenId } from '../../../control/new-token.js';
import { answering, cut, cutInBody, json, problem, silent } from '../../support/answering.js';

const token = newToken('person', newTokenId()).text;
const clientOf = (url: string, options: Partial<ClientOptions> = {}): SandboxClient =>
  new SandboxClient({ url, token, ...options });
const failureOf = async (work: Promise<unknown>): Promise<SandboxError> => {
  const error: unknown = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(SandboxError);
  return error as SandboxError;
};

const SANDBOX = { id: 'sb0123456789', name: 'my-fix', status: 'running' };

describe('a request', () => {
  it('carries the token in its header, and below the path of the address', async () => {
    const { url, seen } = await answering(json(SANDBOX));
    expect(await clientOf(`${url}/prefix/`).getSandbox('my-fix')).toEqual(SANDBOX);
    expect(seen).toMatchObject([{ method: 'GET', url: '/prefix/v1/sandboxes/my-fix' }]);
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  it.each(['..', '.', 'a/b', '../tokens', 'A', '', 'a%2fb', 'a?b', 'a#b'])(
    'is not made for a sandbox named %j',
    async (ref) => {
      const { url, seen } = await answering(json(SANDBOX));
      const attempt = async (): Promise<unknown> => clientOf(url).getSandbox(ref);
      expect((await failureOf(attempt())).code).toBe('SANDBOX_008');
      expect(seen).toEqual([]);
    },
  );

  it.each(['nowhere', 'ftp://a', 'http://', 'http://user:secret@host', 'file:///etc/passwd'])(
    'is not made to %j, which is not quoted',
    (url) => {
      expect(() => clientOf(url)).toThrow(
        expect.objectContaining({
          code: 'SANDBOX_008',
          message: 'the address of the API is not valid',
        }) as Error,
      );
    },
  );

  it('is not made with a text that is no token', () => {
    for (const text of ['', 'secret', `${token}x`, token.slice(0, -1), `${token}\n`])
      expect(() => clientOf('http://127.0.0.1:1', { token: text })).toThrow(
        expect.objectContaining({ code: 'SANDBOX_012' }) as Error,
      );
  });

  it('does not follow a redirect, which would take the token along', async () => {
    const other = await answering(json(SANDBOX));
    const { url, seen } = await answering((response) => {
      response.writeHead(307, { location: `${other.url}/v1/sandboxes/my-fix` }).end();
    });
    const error = await failureOf(clientOf(url, { retries: 0 }).getSandbox('my-fix'));
    expect(error.code).toBe('SANDBOX_009');
    expect([seen.length, other.seen]).toEqual([1, []]);
  });

  it('is given up when the caller says so', async () => {
    const { url } = await answering(silent);
    const stop = new AbortController();
    const going = clientOf(url).getSandbox('my-fix', { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(going).rejects.toThrow('enough');
  });
});

describe('a failure', () => {
  it('has the code, hint, details and request id that the API gave', async () => {
    const { url, seen } = await answering(problem(403, 'SANDBOX_010', { action: 'reset' }));
    const error = await failureOf(clientOf(url).resetSandbox('my-fix'));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      ...{ code: 'SANDBOX_010', message: 'detail of SANDBOX_010', hint: 'a hint', status: 403 },
      ...{ details: { action: 'reset' }, requestId: 'r-1', exitCode: 8 },
    });
    expect(seen).toHaveLength(1);
  });

  it('with a code of a newer API names it', async () => {
    const { url } = await answering(problem(409, 'SANDBOX_099'));
    const error = await failureOf(clientOf(url).getSandbox('my-fix'));
    expect([error.code, error.message]).toEqual([
      'SANDBOX_011',
      'SANDBOX_099: detail of SANDBOX_099',
    ]);
  });

  it.each([
    ['a page of a proxy', 404, '<html>not here</html>'],
    ['a page instead of JSON', 200, '<html>sign in</html>'],
    ['another JSON', 500, '{"error":"no"}'],
    ['nothing at all', 200, ''],
  ])('says that %s is no answer of the API', async (_what, status, text) => {
    const { url } = await answering((response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end(text);
    });
    const error = await failureOf(clientOf(url).getSandbox('my-fix'));
    expect([error.code, error.details.dependency]).toEqual(['SANDBOX_009', 'api']);
    expect(error.hint).toContain('SANDBOX_API_URL');
    expect(error.message).not.toContain('<html>');
  });

  it('names the reason where no API listens', async () => {
    const error = await failureOf(clientOf('http://127.0.0.1:2', { retries: 0 }).getMe());
    expect([error.code, error.details.dependency]).toEqual(['SANDBOX_009', 'api']);
    expect(error.message).toMatch(/^the API is unreachable: .*ECONNREFUSED/);
  });

  it('names an API that does not answer in time, and does not ask again', async () => {
    const { url, seen } = await answering(silent);
    const error = await failureOf(clientOf(url, { timeoutMs: 1_000 }).getMe());
    expect(error.message).toBe('the API is unreachable: no answer within 1 s');
    expect(seen).toHaveLength(1);
  });
});

describe('a repetition', () => {
  it.each([
    ['a cut connection', cut],
    ['a cut answer', cutInBody],
    ['503', problem(503, 'SANDBOX_009', { dependency: 'postgres' })],
    ['429', problem(429, 'SANDBOX_013')],
    ['502 of a proxy', json('bad gateway', 502)],
  ])('follows %s, with the same body and key', async (_what, failure) => {
    const { url, seen } = await answering(failure, json(SANDBOX, 201));
    expect(await clientOf(url).createSandbox({ name: 'my-fix' })).toEqual(SANDBOX);
    const [first, second] = seen;
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect([second?.body, seen.length]).toEqual(['{"name":"my-fix"}', 2]);
  });

  it('waits for as long as the API asks', async () => {
    const { url, seen } = await answering(
      problem(429, 'SANDBOX_013', {}, { 'retry-after': '1' }),
      json(SANDBOX),
    );
    const began = performance.now();
    await clientOf(url).getSandbox('my-fix');
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(seen).toHaveLength(2);
  });

  it('does not wait for minutes', async () => {
    const { url, seen } = await answering(
      problem(429, 'SANDBOX_013', {}, { 'retry-after': '120' }),
    );
    expect((await failureOf(clientOf(url).getMe())).code).toBe('SANDBOX_013');
    expect(seen).toHaveLength(1);
  });

  it('ends after the third attempt', async () => {
    const { url, seen } = await answering(problem(503, 'SANDBOX_009', { dependency: 'temporal' }));
    const error = await failureOf(clientOf(url).getMe());
    expect([error.code, error.details.dependency]).toEqual(['SANDBOX_009', 'temporal']);
    expect(seen).toHaveLength(3);
  });

  it.each([
    [409, 'SANDBOX_001'],
    [500, 'SANDBOX_011'],
    [401, 'SANDBOX_012'],
    [422, 'SANDBOX_014'],
  ])('never follows %i %s', async (status, code) => {
    const { url, seen } = await answering(problem(status, code));
    expect((await failureOf(clientOf(url).createSandbox({}))).code).toBe(code);
    expect(seen).toHaveLength(1);
  });

  it('uses the key that the caller gives', async () => {
    const { url, seen } = await answering(cut, json(SANDBOX));
    await clientOf(url).registerGuild('my-fix', '1234567890123456789', { idempotencyKey: 'k1' });
    expect(seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['k1', 'k1']);
  });
});

describe('a list', () => {
  it('has the entries of every page', async () => {
    const { url, seen } = await answering(
      json({ items: [{ id: 'a' }, { id: 'b' }], nextCursor: 'c+1/2' }),
      json({ items: [{ id: 'c' }], nextCursor: null }),
    );
    const ids = [];
    for await (const { id } of clientOf(url).listSandboxes({ owner: 'ada' })) ids.push(id);
    expect(ids).toEqual(['a', 'b', 'c']);
    expect(seen.map((one) => one.url)).toEqual([
      '/v1/sandboxes?limit=500&owner=ada',
      '/v1/sandboxes?limit=500&owner=ada&cursor=c%2B1%2F2',
    ]);
  });
});

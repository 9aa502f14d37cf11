/** Pages of other sites, in the browser of a person who uses the API: they read, send and frame nothing. */
import { describe, expect, it } from 'vitest';
import { apiUrl, ask, tokenOf } from '../../support/api.js';
import { someOwner } from '../../support/stack.js';

const FROM_ELSEWHERE = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
const PATHS = ['/v1/me', '/v1/sandboxes', '/v1/nothing', '/openapi.json', '/reference', '/healthz'];

describe('a page of another site', () => {
  it.each(PATHS)('may neither read nor frame %s', async (path) => {
    const authorization = `Bearer ${await tokenOf(someOwner())}`;
    for (const headers of [FROM_ELSEWHERE, { ...FROM_ELSEWHERE, authorization }]) {
      const answer = await fetch(apiUrl() + path, { headers });
      const names = [...answer.headers.keys()];
      expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(names).not.toContain('set-cookie');
      expect(answer.headers.get('x-frame-options')).toBe('DENY');
      expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      await answer.body?.cancel();
    }
  });

  it('gets no permission to send a token or JSON', async () => {
    const headers = {
      ...FROM_ELSEWHERE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type',
    };
    const answer = await fetch(`${apiUrl()}/v1/sandboxes`, { method: 'OPTIONS', headers });
    expect(answer.status).toBe(405);
    expect([...answer.headers.keys()].join(' ')).not.toContain('access-control-');
  });

  it('finds nothing that a browser would send by itself', async () => {
    const token = await tokenOf(someOwner());
    const basic = Buffer.from(`${token}:${token}`).toString('base64');
    for (const headers of [
      { cookie: `token=${token}; SANDBOX_TOKEN=${token}; session=${token}` },
      { authorization: `Basic ${basic}` },
      { 'proxy-authorization': `Bearer ${token}` },
    ]) {
      const asked = await ask('GET /v1/me', { headers });
      expect([asked.status, asked.body.code]).toEqual([401, 'SANDBOX_012']);
      expect(asked.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });
});

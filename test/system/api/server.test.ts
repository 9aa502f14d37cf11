/** The API's own server: TLS by itself, health and metrics on a port of their own, a port that is taken. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiUrl, ask, startApi, tokenOf } from '../../support/api.js';
import { bd } from '../../support/bd.js';
import { makeAuthority } from '../../support/certificates.js';
import { ownFolder } from '../../support/folder.js';
import { readiness, scrape, total } from '../../support/scrape.js';
import { someOwner, stackState } from '../../support/stack.js';

describe('the page of metrics', () => {
  it('counts answers by route, and holds no path, token or sandbox', async () => {
    const token = await tokenOf(someOwner());
    const before = total(await scrape('api'), 'sandbox_api_request_seconds_count', 'status="400"');
    await ask('GET /v1/sandboxes/NOT_A_NAME', { token });
    const samples = await scrape('api');
    expect(total(samples, 'sandbox_api_request_seconds_count', 'status="400"')).toBe(before + 1);
    const routes = [...samples.keys()].filter((sample) => sample.startsWith('sandbox_api'));
    expect(routes.some((sample) => sample.includes('route="/v1/sandboxes/:ref"'))).toBe(true);
    expect(routes.join('\n')).not.toMatch(/NOT_A_NAME|sbx_/);
    expect(await readiness('api')).toMatchObject({ status: 200 });
  });
});

describe('bd api', () => {
  it('says that its port is taken, and ends with 2', async () => {
    const { port } = new URL(apiUrl());
    const ran = await bd(['api'], { SANDBOX_API_PORT: port });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/SANDBOX_008 the API cannot listen/);
    expect(ran.stderr).not.toContain(new URL(stackState().urls.api.database).password);
  });

  it.each([
    ['one file without the other', { SANDBOX_API_TLS_CERT: '/nowhere/cert.pem' }],
    ['a proxy that is none', { SANDBOX_API_TRUSTED_PROXIES: '10.0.0.0/8,proxy' }],
    [
      'a file that is not there',
      { SANDBOX_API_TLS_CERT: '/nowhere/cert.pem', SANDBOX_API_TLS_KEY: '/nowhere/key.pem' },
    ],
  ])('refuses %s', async (_what, env) => {
    const ran = await bd(['api'], { SANDBOX_API_PORT: '0', ...env });
    expect([ran.code, /SANDBOX_(008|API)/.test(ran.stderr)]).toEqual([2, true]);
  });
});

describe('TLS by the API itself', () => {
  it('serves requests to whoever trusts its authority, and to nobody in clear', async () => {
    const authority = makeAuthority('authority');
    const { certificate, key } = authority.issue('api', { host: 'localhost' });
    const folder = ownFolder();
    const [cert, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await Promise.all([writeFile(cert, certificate), writeFile(keyFile, key)]);
    const { url } = await startApi({ SANDBOX_API_TLS_CERT: cert, SANDBOX_API_TLS_KEY: keyFile });
    expect(url).toMatch(/^https:/);
    const token = await tokenOf(someOwner());
    expect(await statusOf(`${url}/v1/me`, token, authority.certificate)).toBe(200);
    await expect(statusOf(`${url}/v1/me`, token)).rejects.toThrow(/certificate/);
    await expect(fetch(`${url.replace('https', 'http')}/v1/me`)).rejects.toThrow();
  });
});

function statusOf(url: string, token: string, ca?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = {
      headers: { authorization: `Bearer ${token}` },
      ...(ca === undefined ? {} : { ca }),
    };
    request(url, { ...options, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}

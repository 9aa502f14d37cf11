/**
 * A Temporal behind TLS that requires a client certificate and an API key. Worker, client and `bd`
 * reach it; others do not.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectControl } from '../../../control/direct-control.js';
import { configEnvironment } from '../../../deploy/stack/environment.js';
import { loadConfig } from '../../../platform/config.js';
import { openTemporal } from '../../../platform/temporal.js';
import { temporalSecurity } from '../../../platform/temporal-security.js';
import { bd } from '../../support/bd.js';
import { makeAuthority } from '../../support/certificates.js';
import { startOwnTemporal, type OwnTemporal } from '../../support/own-temporal.js';
import { someOwner, stackConfig } from '../../support/stack.js';
import { SERVER_NAME, startTlsProxy, type TlsProxy } from '../../support/tls-proxy.js';

const KEY = 'the-key-of-the-test';
const authority = makeAuthority('an authority');
const stranger = makeAuthority('another authority');
const folder = mkdtempSync(join(tmpdir(), 'sandbox-tls-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const ours = authority.issue('a worker');
const theirs = stranger.issue('a worker');
/** The variables as an operator sets them. */
const SECURITY: Readonly<Record<string, string>> = {
  TEMPORAL_API_KEY: KEY,
  TEMPORAL_TLS_CLIENT_CERT_PATH: file('tls.crt', ours.certificate),
  TEMPORAL_TLS_CLIENT_KEY_PATH: file('tls.key', ours.key),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('ca.crt', authority.certificate),
  TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
};
const ADDRESS = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

afterAll(() => rmSync(folder, { recursive: true }));

describe('a Temporal behind TLS', () => {
  let own: OwnTemporal;
  let proxy: TlsProxy;

  beforeAll(async () => {
    own = await startOwnTemporal();
    proxy = await startTlsProxy(own.address, authority, KEY);
  });
  afterAll(async () => {
    await proxy.close();
    await own.close();
  });

  it('serves worker, client and bd, and every call carries the key', async () => {
    const env = { ...own.env, TEMPORAL_ADDRESS: proxy.address, ...SECURITY };
    await own.startWorker(env);
    const client = openDirectControl(stackConfig({ ...env, SANDBOX_OWNER: someOwner() }));
    try {
      const { id } = await client.create({ ttl: '5m' });
      const told = await bd(['sandbox', 'destroy', id, '--yes', '--json'], env);
      expect(told, told.stderr).toMatchObject({ code: 0 });
      await client.waitUntilDestroyed(id);
    } finally {
      await client.close();
    }
    const methods = proxy.calls.map(({ method }) => method);
    // The native connection of the worker, and that of the client.
    for (const method of [
      'PollWorkflowTaskQueue',
      'ExecuteMultiOperation',
      'UpdateWorkflowExecution',
    ])
      expect(methods).toContain(method);
    expect(new Set(proxy.calls.map(({ authorization }) => authorization))).toEqual(
      new Set([`Bearer ${KEY}`]),
    );
  });

  const without = (name: string) =>
    Object.fromEntries(Object.entries(SECURITY).filter(([key]) => !key.startsWith(name)));
  const REFUSED: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['no TLS at all', {}],
    ['no client certificate', without('TEMPORAL_TLS_CLIENT')],
    [
      'a certificate of another authority',
      {
        ...SECURITY,
        TEMPORAL_TLS_CLIENT_CERT_PATH: file('other.crt', theirs.certificate),
        TEMPORAL_TLS_CLIENT_KEY_PATH: file('other.key', theirs.key),
      },
    ],
    ['no trust in its authority', without('TEMPORAL_TLS_SERVER_CA')],
    ['another server’s name', { ...SECURITY, TEMPORAL_TLS_SERVER_NAME: 'elsewhere.test' }],
    ['no key', without('TEMPORAL_API_KEY')],
    ['a wrong key', { ...SECURITY, TEMPORAL_API_KEY: 'guessed' }],
  ];

  it('refuses a connection that lacks one of them', async () => {
    await (await openTemporal(proxy.address, 'default', SECURITY)).close();
    // This client fails at once: the SDK would retry for 4 s.
    const outcomes = await Promise.all(
      REFUSED.map(async ([what, variables]) => {
        const error: unknown = await openTemporal(proxy.address, 'default', variables).then(
          (opened) => opened.close(),
          (reason: unknown) => reason,
        );
        return [what, error] as const;
      }),
    );
    for (const [what, error] of outcomes) {
      expect(error, what).toMatchObject({
        code: 'SANDBOX_009',
        details: { dependency: 'temporal' },
      });
      expect(String(error), what).not.toContain(KEY);
    }
  });
});

describe('invalid variables', () => {
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['neither true nor false', { TEMPORAL_TLS: 'yes' }, /TEMPORAL_TLS: must be true or false/],
    ['a key of two words', { TEMPORAL_API_KEY: 'sec ret' }, /TEMPORAL_API_KEY: must be one word/],
    ['a key in clear', { TEMPORAL_API_KEY: 'secret', TEMPORAL_TLS: 'false' }, /in clear/],
    ['TLS and none', { TEMPORAL_TLS: 'false', TEMPORAL_TLS_SERVER_NAME: 'x' }, /ask for TLS/],
    ['half a pair', { TEMPORAL_TLS_CLIENT_CERT_PATH: '/x' }, /need each other/],
    ['the other half', { TEMPORAL_TLS_CLIENT_KEY_DATA: 'secret' }, /need each other/],
    [
      'a file and a text',
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/x', TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'x' },
      /together/,
    ],
    [
      'an unverified server',
      { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' },
      /is not supported: name the authority/,
    ],
  ])('are refused when read: %s', (_, variables, message) => {
    expect(() => loadConfig({ ...ADDRESS, ...variables })).toThrow(message);
    expect(() => loadConfig({ ...ADDRESS, ...variables })).not.toThrow(/sec ?ret/);
    expect(loadConfig({ ...ADDRESS, ...SECURITY }).temporalSecurity).toEqual(SECURITY);
  });

  const old = authority.issue('of last year', { daysValid: -1 });
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'a file that is away',
      { TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere' },
      /cannot be read: ENOENT/,
    ],
    [
      'a key for a certificate',
      { TEMPORAL_TLS_CLIENT_CERT_PATH: file('a', ours.key) },
      /no certificate/,
    ],
    [
      'half a certificate',
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('b', authority.certificate.slice(0, 200)) },
      /no valid certificate/,
    ],
    ['another’s key', { TEMPORAL_TLS_CLIENT_KEY_PATH: file('c', theirs.key) }, /does not belong/],
    [
      'a key that is none',
      { TEMPORAL_TLS_CLIENT_KEY_PATH: file('d', ours.key.replace(/\n.{20}/, '\n')) },
      /no private key that can be used/,
    ],
    [
      'one that has expired',
      {
        TEMPORAL_TLS_CLIENT_CERT_PATH: file('e.crt', old.certificate),
        TEMPORAL_TLS_CLIENT_KEY_PATH: file('e.key', old.key),
      },
      /has expired/,
    ],
  ])('are refused when the files are read: %s', (_, variables, message) => {
    const read = () => temporalSecurity({ ...SECURITY, ...variables });
    expect(read).toThrow(
      expect.objectContaining({
        code: 'SANDBOX_008',
        message: expect.stringMatching(message) as string,
      }),
    );
    expect(read).not.toThrow(ours.key.split('\n')[1]);
    expect(Object.keys(temporalSecurity(SECURITY).tls ?? {})).toHaveLength(3);
  });

  it('are reported by `bd` with the variable and a remedy', async () => {
    const env = { ...ADDRESS, TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere' };
    const told = await bd(['sandbox', 'create'], env);
    expect(told).toMatchObject({ code: 2 });
    expect(told.stderr).toMatch(/TEMPORAL_TLS_SERVER_CA_CERT_PATH: \/nowhere cannot be read/);
    expect(told.stderr).toMatch(/may read/);
  });
});

describe('Temporal’s security', () => {
  it('is not sent to another address: a shell’s variables belong to the address that it names', () => {
    expect(loadConfig(SECURITY).temporalSecurity).toEqual({});
    expect(temporalSecurity({})).toEqual({});
    const passed = configEnvironment(loadConfig({}), { ...SECURITY, PATH: '/bin' });
    expect(Object.keys(passed).filter((name) => name in SECURITY)).toEqual([]);
    const elsewhere = loadConfig({ ...ADDRESS, ...SECURITY });
    expect(configEnvironment(elsewhere, {})).toMatchObject(SECURITY);
  });

  it('accepts texts instead of files, and TLS without a certificate', () => {
    expect(
      temporalSecurity({
        TEMPORAL_TLS_CLIENT_CERT_DATA: ours.certificate,
        TEMPORAL_TLS_CLIENT_KEY_DATA: ours.key,
      }).tls?.clientCertPair?.key.toString(),
    ).toBe(ours.key);
    expect(temporalSecurity({ TEMPORAL_TLS: '1' })).toEqual({ tls: {} });
    expect(temporalSecurity({ TEMPORAL_TLS: 'false' })).toEqual({});
    expect(temporalSecurity({ TEMPORAL_API_KEY: KEY })).toEqual({ apiKey: KEY, tls: {} });
  });
});

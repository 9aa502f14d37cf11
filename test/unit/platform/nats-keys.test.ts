/** Keys and tokens of NATS as texts. Every test stack shows that the server accepts them. */
import { describe, expect, it } from 'vitest';
import {
  apiPrefixTag,
  natsAccountOf,
  natsApiPrefixOf,
  parseNatsAuthority,
} from '../../../platform/nats-authority.js';
import {
  deriveNatsKey,
  natsKeyOfSeed,
  readNatsToken,
  signNatsToken,
  type NatsClaims,
} from '../../../platform/nkeys.js';

const SECRET = 's'.repeat(32);
const KINDS = ['operator', 'account', 'user'] as const;
const keyOf = (kind: (typeof KINDS)[number]) => deriveNatsKey(SECRET, kind, 'test');

describe('a seed', () => {
  it.each(KINDS)(
    'of kind %s gives the same key again, and is refused for any other kind',
    (kind) => {
      const key = keyOf(kind);
      const again = natsKeyOfSeed(kind, key.seed);
      expect([again.publicKey, again.sign('x')]).toEqual([key.publicKey, key.sign('x')]);
      expect(key.publicKey).toMatch({ operator: /^O/, account: /^A/, user: /^U/ }[kind]);
      for (const other of KINDS.filter((one) => one !== kind))
        expect(() => natsKeyOfSeed(other, key.seed)).toThrow(/seed of kind/);
    },
  );

  const { seed } = keyOf('account');
  it.each([
    [
      'with another letter in it',
      `${seed.slice(0, 20)}${seed[20] === 'A' ? 'B' : 'A'}${seed.slice(21)}`,
    ],
    ['that is cut short', seed.slice(0, -1)],
    ['in small letters', seed.toLowerCase()],
    ['of nothing', ''],
    ['that is a public key', keyOf('account').publicKey],
  ])('%s is refused, and not quoted', (_what, text) => {
    let message = '';
    expect(() => {
      try {
        natsKeyOfSeed('account', text);
      } catch (error) {
        ({ message } = error as Error);
        throw error;
      }
    }).toThrow(expect.objectContaining({ code: 'SANDBOX_008' }));
    if (text !== '') expect(message).not.toContain(text);
  });
});

describe('the keys in SANDBOX_NATS_AUTHORITY', () => {
  const whole = {
    operator: keyOf('operator').seed,
    callout: keyOf('account').seed,
    calloutToken: 'token',
  };
  it('are read', () => {
    const { operator, callout } = parseNatsAuthority(JSON.stringify(whole));
    expect([operator.publicKey, callout.publicKey]).toEqual([
      keyOf('operator').publicKey,
      keyOf('account').publicKey,
    ]);
  });

  it.each([
    ['half a document', JSON.stringify(whole).slice(0, -9)],
    ['one that lacks a part', JSON.stringify({ ...whole, callout: undefined })],
    ['keys in each other’s place', JSON.stringify({ ...whole, operator: whole.callout })],
  ])('are refused as %s, and not quoted', (_what, text) => {
    expect(() => parseNatsAuthority(text)).toThrow(
      expect.objectContaining({
        code: 'SANDBOX_008',
        message: expect.not.stringContaining(whole.callout) as string,
      }),
    );
  });
});

describe('a user’s token', () => {
  const tokenUrl = (nats: NatsClaims['nats']): string => {
    const token = signNatsToken(keyOf('account'), {
      sub: keyOf('user').publicKey,
      name: 'x',
      nats,
    });
    return `nats://x:${token}@127.0.0.1:4222`;
  };
  const own = keyOf('account').publicKey;

  it.each([
    ['its signer’s', {}, own],
    ['its signer’s, where no other is named', { issuer_account: '' }, own],
    ['the one for which a signing key has signed', { issuer_account: 'AOTHER' }, 'AOTHER'],
  ])('names the account: %s', (_what, nats, account) => {
    expect(natsAccountOf(tokenUrl(nats))).toBe(account);
  });

  it.each([
    ['of his tags', { tags: ['a', apiPrefixTag('SB.API')] }, 'SB.API'],
    ['none in other tags', { tags: ['a'] }, undefined],
    ['none without tags', {}, undefined],
    ['none where they are no list', { tags: apiPrefixTag('SB.API') }, undefined],
  ])('names the prefix of JetStream’s API: %s', (_what, nats, prefix) => {
    expect(natsApiPrefixOf(tokenUrl(nats))).toBe(prefix);
  });

  it.each(['nats://127.0.0.1:4222', 'nats://bot:secret@127.0.0.1:4222'])(
    'is absent in an address without one: %s',
    (url) => {
      expect([natsAccountOf(url), natsApiPrefixOf(url)]).toEqual([null, undefined]);
    },
  );

  it.each(['', 'a.b.c', 'eyJ.AAAA.x'])('is not read from %j', (text) => {
    expect(readNatsToken(text)).toBe(null);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatToken,
  isTokenId,
  parseToken,
  parseTokenId,
  TOKEN_ALPHABET,
  TOKEN_KINDS,
  tokenLife,
  type TokenParts,
} from '../../../domain/token.js';
import { HOSTILE } from './hostile.js';

const DAY_MS = 86_400_000;
const LETTERS = Array.from(TOKEN_ALPHABET);
const characters = (length: number) =>
  fc
    .array(fc.constantFrom(...LETTERS), { minLength: length, maxLength: length })
    .map((all) => all.join(''));
const parts: fc.Arbitrary<TokenParts> = fc.record({
  kind: fc.constantFrom(...TOKEN_KINDS),
  tokenId: characters(12).map(parseTokenId),
  secret: characters(40),
});

describe('a token', () => {
  it('is read as it was written, and has one form that a secret scanner knows', () => {
    fc.assert(
      fc.property(parts, (token) => {
        const text = formatToken(token);
        expect(text).toMatch(/^sbx_(person|service|sandbox)_[0-9A-Za-z]{12}_[0-9A-Za-z]{46}$/);
        expect(parseToken(text)).toEqual(token);
      }),
    );
  });

  it('keeps its form: tokens that were given out stay valid', () => {
    const token = { kind: 'person', tokenId: parseTokenId('0'.repeat(12)), secret: '0'.repeat(40) };
    const text = formatToken(token as TokenParts);
    expect(text.slice(0, -6)).toBe(`sbx_person_${'0'.repeat(12)}_${'0'.repeat(40)}`);
    expect(text.slice(-6)).toBe('1YwN7e');
  });

  it('is refused after any typing error: one character changed, left out, doubled or swapped', () => {
    fc.assert(
      fc.property(
        parts,
        fc.nat(),
        fc.constantFrom(...LETTERS),
        fc.constantFrom('change', 'leave out', 'double', 'swap'),
        (token, place, character, error) => {
          const text = formatToken(token);
          const at = place % (text.length - 1);
          const [one = '', next = ''] = text.slice(at, at + 2);
          const middle = {
            change: character + next,
            'leave out': next,
            double: one + one + next,
            swap: next + one,
          }[error];
          const typed = text.slice(0, at) + middle + text.slice(at + 2);
          expect(parseToken(typed)).toEqual(typed === text ? token : null);
        },
      ),
    );
  });

  it.each([...HOSTILE, 'sbx_', 'sbx_person__', 'Bearer sbx_person_x'])('is not %j', (text) => {
    expect(parseToken(text)).toBeNull();
    expect(isTokenId(text)).toBe(false);
  });

  it('does not go on behind its end', () => {
    fc.assert(
      fc.property(parts, fc.constantFrom('\n', ' ', '\0', 'A', '=', '\r\n'), (token, more) => {
        const text = formatToken(token);
        expect(parseToken(text + more)).toBeNull();
        expect(parseToken(more + text)).toBeNull();
        expect(parseToken(text.slice(0, -1))).toBeNull();
      }),
    );
  });
});

describe('the life of a token', () => {
  it.each([
    ['person', undefined, 30],
    ['sandbox', undefined, 30],
    ['person', '90d', 90],
    ['sandbox', '90d', 90],
    ['service', '365d', 365],
  ] as const)('of kind %s with TTL %s has %d days', (kind, ttl, days) => {
    expect(tokenLife(kind, ttl)).toBe(days * DAY_MS);
  });

  it.each([
    ['person', '91d'],
    ['sandbox', '2161h'],
    ['service', '366d'],
    ['service', undefined],
    ['person', 'soon'],
    ['person', '0s'],
  ] as const)('of kind %s is never %s', (kind, ttl) => {
    expect(() => tokenLife(kind, ttl)).toThrow(expect.objectContaining({ code: 'SANDBOX_008' }));
  });
});

/** The time of an answer tells nothing of a secret: the structure of the comparison shows it. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { expect, it, onTestFinished } from 'vitest';
import { formatToken, parseToken } from '../../../domain/token.js';
import { openAuthenticator, openServices, tokenFor } from '../../support/identity.js';
import { someOwner } from '../../support/stack.js';

/** Notes the lengths that Node's constant-time comparison gets, and compares with it. */
function comparisons(): (readonly [number, number])[] {
  const { timingSafeEqual } = crypto;
  const seen: (readonly [number, number])[] = [];
  const use = (compare: typeof timingSafeEqual): void => {
    crypto.timingSafeEqual = compare;
    syncBuiltinESMExports();
  };
  use((a, b) => {
    seen.push([a.byteLength, b.byteLength]);
    return timingSafeEqual(a, b);
  });
  onTestFinished(() => use(timingSafeEqual));
  return seen;
}

it('each guess is one comparison of two whole hashes in constant time, right or wrong', async () => {
  const authenticator = await openAuthenticator();
  const { token } = await tokenFor(openServices(), someOwner(), ['sandbox:read']);
  const parts = parseToken(token)!;
  const nearly = `${parts.secret.slice(0, -1)}${parts.secret.endsWith('a') ? 'b' : 'a'}`;
  const seen = comparisons();
  await authenticator.authenticate(token);
  for (const secret of ['0'.repeat(40), nearly])
    await expect(authenticator.authenticate(formatToken({ ...parts, secret }))).rejects.toThrow(
      'the token is not valid',
    );
  expect(seen).toEqual(Array.from({ length: 3 }, () => [32, 32]));
});

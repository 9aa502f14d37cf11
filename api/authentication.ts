/** Signs a request in: a token in the `Authorization` header, and nowhere else. */
import type { Authenticator } from '../control/authentication.js';
import { SandboxError } from '../domain/errors.js';
import type { Http, SignedIn } from './call.js';

/** Knows tokens, and forgets a revoked one within 2 s. */
export type Authentication = Pick<Authenticator, 'authenticate'>;

const BEARER = /^Bearer +([!-~]{1,200}) *$/i;
const TOKEN_IN_URL =
  /[?&](access_token|token|authorization|api_key)=|sbx_(person|service|sandbox)_/i;
/** Escapes of single characters: a token has no other ones. */
const ESCAPED = /%[2-7][0-9a-f]/gi;

/**
 * For every path: servers, proxies and browsers keep addresses in logs and histories.
 * @throws SANDBOX_008 for a token in the address
 */
export function refuseTokenInAddress(url: string): void {
  if (!TOKEN_IN_URL.test(url.replaceAll(ESCAPED, decodeURIComponent))) return;
  throw new SandboxError('SANDBOX_008', 'a token must not stand in the address', {
    hint: 'Send it in the Authorization header. Revoke this one: logs may have kept it.',
  });
}

/** @throws SANDBOX_012, SANDBOX_009 */
export async function signIn(http: Http, authenticator: Authentication): Promise<SignedIn> {
  const [, token] = BEARER.exec(http.req.header('authorization') ?? '') ?? [];
  if (token === undefined) {
    throw new SandboxError('SANDBOX_012', 'the request carries no token', {
      hint: 'Send `Authorization: Bearer <token>`.',
    });
  }
  const { expiresAt, ...actor } = await authenticator.authenticate(token);
  return { actor, expiresAt, token };
}

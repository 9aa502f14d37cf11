/** Signs a request in: a token in the `Authorization` header, and nowhere else. */
import type { Authenticator } from '../control/authentication.js';
import { SandboxError } from '../domain/errors.js';
import type { Http, SignedIn } from './call.js';

/** Knows tokens, and forgets a revoked one within 2 s. */
export type Authentication = Pick<Authenticator, 'authenticate'>;

const BEARER = /^Bearer +([!-~]{1,200}) *$/i;
/** Servers, proxies and browsers keep addresses in logs and histories. */
const TOKEN_IN_URL =
  /[?&](access_token|token|authorization|api_key)=|sbx_(person|service|sandbox)_/i;

/** @throws SANDBOX_008 for a token in the address, SANDBOX_012, SANDBOX_009 */
export async function signIn(http: Http, authenticator: Authentication): Promise<SignedIn> {
  if (TOKEN_IN_URL.test(http.req.url)) {
    throw new SandboxError('SANDBOX_008', 'a token must not stand in the address', {
      hint: 'Send it in the Authorization header. Revoke this one: logs may have kept it.',
    });
  }
  const [, token] = BEARER.exec(http.req.header('authorization') ?? '') ?? [];
  if (token === undefined) {
    throw new SandboxError('SANDBOX_012', 'the request carries no token', {
      hint: 'Send `Authorization: Bearer <token>`.',
    });
  }
  const { expiresAt, ...actor } = await authenticator.authenticate(token);
  return { actor, expiresAt, token };
}

/**
 * The keys for making sandboxes' accounts and admitting their users (docs/decisions/0010). Only the
 * worker has them: the operator's key can make an account with any right.
 */
import { z } from 'zod';
import { SandboxError } from '../domain/errors.js';
import { natsKeyOfSeed, readNatsToken, type NatsKey } from './nkeys.js';
import { parseNatsUrl } from './nats.js';

const schema = z.object({
  /** Seed of the operator's (signing) key. */
  operator: z.string().regex(/^SO[A-Z2-7]{56}$/),
  /** Seed of the account that auth callout is configured for. */
  callout: z.string().regex(/^SA[A-Z2-7]{56}$/),
  /** Token of the user that answers auth callout. */
  calloutToken: z.string(),
});
export type NatsAuthoritySecret = z.infer<typeof schema>;

export interface NatsAuthority {
  readonly operator: NatsKey;
  readonly callout: NatsKey;
  readonly calloutToken: string;
}

/** From `SANDBOX_NATS_AUTHORITY`: JSON. @throws SANDBOX_008 */
export function parseNatsAuthority(text: string): NatsAuthority {
  let secret: NatsAuthoritySecret;
  try {
    secret = schema.parse(JSON.parse(text));
  } catch {
    // Without the cause, which would quote the secret text.
    throw new SandboxError(
      'SANDBOX_008',
      'SANDBOX_NATS_AUTHORITY must be a JSON object of operator, callout and calloutToken',
    );
  }
  return {
    operator: natsKeyOfSeed('operator', secret.operator),
    callout: natsKeyOfSeed('account', secret.callout),
    calloutToken: secret.calloutToken,
  };
}

/**
 * The account of this URL's user; null if the URL has no token, as on a server without such
 * accounts.
 */
export function natsAccountOf(url: string): string | null {
  const { pass = '' } = parseNatsUrl(url);
  const claims = readNatsToken(pass);
  if (claims === null) return null;
  const { issuer_account: account } = claims.nats;
  return typeof account === 'string' && account !== '' ? account : claims.iss;
}

const API_PREFIX = 'api-prefix:';
/**
 * The tag for JetStream's API prefix in a user's token. An account that imports JetStream cannot
 * use `$JS.API`.
 */
export const apiPrefixTag = (prefix: string): string => `${API_PREFIX}${prefix}`;

/** The API prefix for this URL's user; undefined: JetStream's own. */
export function natsApiPrefixOf(url: string): string | undefined {
  const tags = readNatsToken(parseNatsUrl(url).pass ?? '')?.nats.tags;
  const tag = Array.isArray(tags) ? tags.map(String).find((t) => t.startsWith(API_PREFIX)) : null;
  return tag?.slice(API_PREFIX.length);
}

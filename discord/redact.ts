/**
 * Removes tokens from shown events. With an interaction's token anybody can answer as the bot for
 * 15 minutes.
 */

export const REDACTED = '[redacted]';

/**
 * A copy of a parsed payload with each field `token` redacted, at any depth. Interactions, webhooks
 * and voice servers have one, and an ingestor may wrap the event. Texts that only mention a token
 * stay.
 */
export function withoutTokens(document: unknown): unknown {
  if (Array.isArray(document)) return document.map(withoutTokens);
  if (typeof document !== 'object' || document === null) return document;
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [
      name,
      name === 'token' && value !== null ? REDACTED : withoutTokens(value),
    ]),
  );
}

const TOKEN_IN_TEXT = /("token"\s*:\s*)"(?:[^"\\]|\\[^])*"?/g;

/** The same for a payload that is no JSON, for example a cut one: it may contain a whole token. */
export const withoutTokensInText = (payload: string): string =>
  payload.replace(TOKEN_IN_TEXT, `$1"${REDACTED}"`);

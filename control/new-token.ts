/** New tokens: their randomness, and the only form of a secret that is stored. */
import { createHash } from 'node:crypto';
import { customAlphabet } from 'nanoid';
import {
  formatToken,
  parseTokenId,
  TOKEN_ALPHABET,
  TOKEN_ID_LENGTH,
  TOKEN_SECRET_LENGTH,
  type TokenId,
  type TokenKind,
} from '../domain/token.js';

const letters = customAlphabet(TOKEN_ALPHABET);

export const newTokenId = (): TokenId => parseTokenId(letters(TOKEN_ID_LENGTH));

/**
 * SHA-256, because the secret has 238 random bits: a slow hash would only add time to each request.
 */
export const hashOfSecret = (secret: string): Buffer =>
  createHash('sha256').update(secret, 'ascii').digest();

/** `text` is shown once and kept nowhere. */
export function newToken(
  kind: TokenKind,
  tokenId: TokenId,
): { readonly text: string; readonly secretHash: string } {
  const secret = letters(TOKEN_SECRET_LENGTH);
  return {
    text: formatToken({ kind, tokenId, secret }),
    secretHash: hashOfSecret(secret).toString('hex'),
  };
}

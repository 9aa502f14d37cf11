/**
 * `Idempotency-Key`: a repeated request is the same change. It gets the same answer, without
 * secrets.
 */
import { createHash } from 'node:crypto';
import { ID_ALPHABET, parseSandboxId, type SandboxId } from '../domain/names.js';
import { parseTokenId, TOKEN_ALPHABET, TOKEN_ID_LENGTH, type TokenId } from '../domain/token.js';

/** The identity of a request with a key. */
export interface KeyedRequest {
  /** The token's id, so a narrower token of the same owner gets no answer of a broader one. */
  readonly actor: TokenId;
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly bodyHash: string;
}

export interface BegunRequest {
  readonly commandId: string;
  /** False for the first request with this key. */
  readonly repeated: boolean;
  /** Null until the first one has been answered. */
  readonly answer: { readonly status: number; readonly body: unknown } | null;
  /** Kept by the first one before its change; null if it kept nothing. */
  readonly kept: unknown;
}

/** The store of requests, for 24 h each. */
export interface RequestStore {
  /** @throws SANDBOX_014 if the key was used with another body */
  begin(request: KeyedRequest): Promise<BegunRequest>;
  keep(request: KeyedRequest, object: object): Promise<void>;
  finish(request: KeyedRequest, answer: { status: number; body: unknown }): Promise<void>;
}

export const bodyHashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Each repetition of a create gets the same sandbox id, even if the API was killed before its
 * answer.
 */
export const sandboxIdOf = (commandId: string): SandboxId =>
  parseSandboxId(`sb${digitsOf(`sandbox ${commandId}`, ID_ALPHABET, 10)}`);

/** The same for a token. At most one of the answers shows its text. */
export const tokenIdOf = (commandId: string): TokenId =>
  parseTokenId(digitsOf(`token ${commandId}`, TOKEN_ALPHABET, TOKEN_ID_LENGTH));

function digitsOf(text: string, alphabet: string, count: number): string {
  const base = BigInt(alphabet.length);
  let rest = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
  let digits = '';
  for (let i = 0; i < count; i++) {
    digits += alphabet[Number(rest % base)] ?? '';
    rest /= base;
  }
  return digits;
}

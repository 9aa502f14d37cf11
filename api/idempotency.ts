/** `Idempotency-Key`: the same request again is the same change, and gets the same answer without its secrets. */
import { createHash } from 'node:crypto';
import { ID_ALPHABET, parseSandboxId, type SandboxId } from '../domain/names.js';
import { parseTokenId, TOKEN_ALPHABET, TOKEN_ID_LENGTH, type TokenId } from '../domain/token.js';

/** A request as its key finds it again. */
export interface KeyedRequest {
  /** The token's id: a narrower token of the same owner gets no answer of a broader one. */
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
}

/** Where requests are kept, for 24 h. */
export interface RequestStore {
  /** @throws SANDBOX_014 where the key was used with another body */
  begin(request: KeyedRequest): Promise<BegunRequest>;
  finish(request: KeyedRequest, answer: { status: number; body: unknown }): Promise<void>;
}

export const bodyHashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Each repetition of a create names the same sandbox, also where the API was killed before it answered. */
export const sandboxIdOf = (commandId: string): SandboxId =>
  parseSandboxId(`sb${digitsOf(`sandbox ${commandId}`, ID_ALPHABET, 10)}`);

/** The same for a token, whose text is then shown by one of the answers at most. */
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

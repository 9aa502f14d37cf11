/**
 * An API token's text: `sbx_<kind>_<id>_<secret><checksum>`. Secret scanners find it by its prefix, and the checksum
 * refuses a typing error before any look-up. Pure: hashing and randomness stay with the callers.
 */
import { parseDuration } from './duration.js';
import { invalid, SandboxError } from './errors.js';

declare const brand: unique symbol;
/** 12 letters and digits: public, shown in lists and in the audit. */
export type TokenId = string & { readonly [brand]: 'TokenId' };

/** Whom a token stands for: a person, a program, or the one sandbox that it reaches. */
export const TOKEN_KINDS = ['person', 'service', 'sandbox'] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

export const TOKEN_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
export const TOKEN_ID_LENGTH = 12;
/** 40 characters of 62 are 238 bits. */
export const TOKEN_SECRET_LENGTH = 40;
const CHECKSUM_LENGTH = 6;

const ID = /^[0-9A-Za-z]{12}$/;
const TOKEN = /^sbx_(person|service|sandbox)_([0-9A-Za-z]{12})_([0-9A-Za-z]{40})([0-9A-Za-z]{6})$/;

const DAY_MS = 86_400_000;
const DEFAULT_LIFE_MS = 30 * DAY_MS;
const LONGEST_LIFE_MS: Readonly<Record<TokenKind, number>> = {
  person: 90 * DAY_MS,
  service: 365 * DAY_MS,
  sandbox: 90 * DAY_MS,
};

export interface TokenParts {
  readonly kind: TokenKind;
  readonly tokenId: TokenId;
  readonly secret: string;
}

export const isTokenId = (value: unknown): value is TokenId =>
  typeof value === 'string' && ID.test(value);

/** @throws SANDBOX_008 */
export function parseTokenId(value: unknown): TokenId {
  if (isTokenId(value)) return value;
  throw invalid('token id', value, 'it has 12 letters and digits');
}

export function formatToken({ kind, tokenId, secret }: TokenParts): string {
  const body = `sbx_${kind}_${tokenId}_${secret}`;
  return body + checksumOf(body);
}

/** Null for a text that is no token, or whose checksum is wrong. The text is never part of an error. */
export function parseToken(text: string): TokenParts | null {
  const [, kind, tokenId, secret, checksum] = TOKEN.exec(text) ?? [];
  if (kind === undefined || secret === undefined || !isTokenId(tokenId)) return null;
  if (checksumOf(text.slice(0, -CHECKSUM_LENGTH)) !== checksum) return null;
  return { kind: kind as TokenKind, tokenId, secret };
}

/**
 * The life of a new token in ms. Default 30 days. A service's token must name its life.
 * @throws SANDBOX_008 past 90 days (a service's: 365), and for a service without one
 */
export function tokenLife(kind: TokenKind, ttl: string | undefined): number {
  if (ttl === undefined) {
    if (kind !== 'service') return DEFAULT_LIFE_MS;
    throw new SandboxError('SANDBOX_008', "a service's token needs a life span", {
      hint: 'Name it, such as `--ttl 90d`; at most 365d.',
    });
  }
  const life = parseDuration(ttl, 'TTL');
  const longest = LONGEST_LIFE_MS[kind];
  if (life <= longest) return life;
  throw invalid('TTL', ttl, `a ${kind}'s token lives at most ${longest / DAY_MS}d`);
}

/** CRC-32 (IEEE 802.3) in base 62, as GitHub's tokens have it (https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/). */
function checksumOf(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  let rest = (crc ^ 0xffffffff) >>> 0;
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = (TOKEN_ALPHABET[rest % 62] ?? '') + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/**
 * NATS' keys and tokens: ed25519 keys in their text form ("nkeys") and the JWTs that they sign. By
 * Node's crypto: the client's library is plain JavaScript (20 ms per account, here 1.4:
 * docs/decisions/0010). Key form: github.com/nats-io/nkeys, `strkey.go`; claims:
 * github.com/nats-io/jwt, version 2.
 */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign as signBytes,
  type KeyObject,
} from 'node:crypto';
import { SandboxError } from '../domain/errors.js';

export type NatsKeyKind = 'operator' | 'account' | 'user';

/** First bytes. NATS chose them so that the text begins with O, A, U, and S for a seed. */
const KIND_BYTES: Readonly<Record<NatsKeyKind, number>> = {
  operator: 14 << 3,
  account: 0,
  user: 20 << 3,
};
const SEED_BYTE = 18 << 3;
/** The bytes before a 32-byte ed25519 key in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export interface NatsKey {
  /** Such as `A…` for an account: its name on the server. */
  readonly publicKey: string;
  readonly seed: string;
  sign(text: string): string;
}

/** The same secret and label give the same key. So nothing is stored, and all workers agree. */
export function deriveNatsKey(secret: string, kind: NatsKeyKind, label: string): NatsKey {
  return keyOf(kind, createHmac('sha256', secret).update(`nkey/${kind}/${label}`).digest());
}

/** @throws SANDBOX_008 for a text that is no seed of this kind */
export function natsKeyOfSeed(kind: NatsKeyKind, seed: string): NatsKey {
  const bytes = fromBase32(seed);
  const intact = bytes.length === 36 && crc16(bytes.subarray(0, 34)) === bytes.readUInt16LE(34);
  if (!intact || !seed.startsWith(textOfSeed(kind, bytes.subarray(2, 34)).slice(0, 2))) {
    throw new SandboxError('SANDBOX_008', `a NATS seed of kind ${kind} is expected`);
  }
  return keyOf(kind, bytes.subarray(2, 34));
}

function keyOf(kind: NatsKeyKind, raw: Buffer): NatsKey {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, raw]),
    format: 'der',
    type: 'pkcs8',
  });
  return {
    publicKey: withChecksum(Buffer.from([KIND_BYTES[kind]]), publicBytes(key)),
    seed: textOfSeed(kind, raw),
    sign: (text) => signBytes(null, Buffer.from(text), key).toString('base64url'),
  };
}

/** By JWK, which is a hundred times faster than SPKI. */
const publicBytes = (key: KeyObject): Buffer =>
  Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');

function textOfSeed(kind: NatsKeyKind, raw: Buffer): string {
  const byte = KIND_BYTES[kind];
  return withChecksum(Buffer.from([SEED_BYTE | (byte >> 5), (byte & 31) << 3]), raw);
}

function withChecksum(prefix: Buffer, body: Buffer): string {
  const bytes = Buffer.concat([prefix, body, Buffer.alloc(2)]);
  bytes.writeUInt16LE(crc16(bytes.subarray(0, -2)), bytes.length - 2);
  return toBase32(bytes);
}

/** CRC-16/XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc;
}

function toBase32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  const letters = bits.match(/.{1,5}/g) ?? [];
  return letters.map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function fromBase32(text: string): Buffer {
  let bits = '';
  for (const letter of text) {
    const value = BASE32.indexOf(letter);
    if (value < 0) return Buffer.alloc(0);
    bits += value.toString(2).padStart(5, '0');
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
}

export interface NatsClaims {
  readonly sub: string;
  readonly name: string;
  readonly iss: string;
  readonly aud?: string;
  /** NATS' own part: type, limits, permissions, imports, … */
  readonly nats: Readonly<Record<string, unknown>>;
}

/**
 * Signed by `issuer`. Of two account tokens the server takes the newer; it compares `iat` in
 * seconds.
 */
export function signNatsToken(issuer: NatsKey, claims: Omit<NatsClaims, 'iss'>): string {
  const { nats, ...rest } = claims;
  const body = {
    ...rest,
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.publicKey,
    nats: { version: 2, ...nats },
  };
  const jti = createHash('sha256').update(JSON.stringify(body)).digest('base64url');
  const encoded = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { jti, ...body },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${encoded}.${issuer.sign(encoded)}`;
}

export const isNatsToken = (text: string): boolean => /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text);

/**
 * Does not verify: for tokens that the server sent or checked. Null for a text that is no token.
 */
export function readNatsToken(token: string): NatsClaims | null {
  if (!isNatsToken(token)) return null;
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as NatsClaims;
  } catch {
    return null;
  }
}

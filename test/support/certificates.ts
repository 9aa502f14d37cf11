/**
 * Certificates for a test's own TLS: an authority and certificates that it issues. The DER is
 * written here, so tests need no openssl.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface Issued {
  /** Certificate and keys are PEM. */
  readonly certificate: string;
  readonly key: string;
}

export interface Authority {
  readonly certificate: string;
  /** For a server reached as `host` or at 127.0.0.1, or for a client. */
  issue(name: string, options?: { readonly host?: string; readonly daysValid?: number }): Issued;
}

export function makeAuthority(name: string): Authority {
  const { publicKey, privateKey } = keys();
  const self = certificate({ name, issuer: name, publicKey, signer: privateKey, days: 2 }, [
    // Basic constraints: this certificate may issue others.
    seq(oid('551d13'), bool, octets(seq(bool))),
  ]);
  return {
    certificate: pem(self),
    issue(subject, { host, daysValid = 1 } = {}) {
      const own = keys();
      const alternative = host === undefined ? [] : alternativeNames(host);
      const issued = certificate(
        {
          ...{ name: subject, issuer: name, days: daysValid },
          ...{ publicKey: own.publicKey, signer: privateKey },
        },
        alternative,
      );
      const key = own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      return { certificate: pem(issued), key };
    },
  };
}

/** A self-signed server certificate. */
export function makeSelfSigned(host: string): Issued {
  const { publicKey, privateKey } = keys();
  const subject = { name: host, issuer: host, publicKey, signer: privateKey, days: 1 };
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certificate: pem(certificate(subject, alternativeNames(host))), key };
}

const alternativeNames = (host: string): Buffer[] => [
  seq(
    oid('551d11'),
    octets(seq(der(0x82, Buffer.from(host)), der(0x87, Buffer.from([127, 0, 0, 1])))),
  ),
];

const keys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface Subject {
  readonly name: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly days: number;
}

/** RFC 5280, section 4.1. */
function certificate(subject: Subject, extensions: readonly Buffer[]): Buffer {
  const { name, issuer, publicKey, signer, days } = subject;
  const algorithm = seq(oid('2a8648ce3d040302')); // ecdsa-with-SHA256
  const from = Math.min(0, days) - 1;
  const body = seq(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    named(issuer),
    seq(time(from), time(days)),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, seq(...extensions))] : []),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, signer));
  return seq(body, algorithm, signature);
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length.toString(16);
  const bytes = Buffer.from(size.length % 2 === 0 ? size : `0${size}`, 'hex');
  const length =
    body.length < 128 ? bytes : Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

const seq = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const octets = (content: Buffer): Buffer => der(0x04, content);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bool = der(0x01, Buffer.from([0xff]));
const named = (name: string): Buffer =>
  seq(der(0x31, seq(oid('550403'), der(0x0c, Buffer.from(name)))));

function time(days: number): Buffer {
  const text = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, '');
  return der(0x17, Buffer.from(`${text.slice(2, 14)}Z`));
}

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

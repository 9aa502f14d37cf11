/**
 * TLS and API key of a Temporal other than the local stack's. The names are those of Temporal's
 * environment configuration (docs.temporal.io/references/client-environment-configuration), so one
 * environment serves `temporal` and `bd`.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, SandboxError } from '../domain/errors.js';

/** Each is given as a file (`…_PATH`) or as text (`…_DATA`). */
const PEM = {
  cert: 'TEMPORAL_TLS_CLIENT_CERT',
  key: 'TEMPORAL_TLS_CLIENT_KEY',
  ca: 'TEMPORAL_TLS_SERVER_CA_CERT',
} as const;
type PemName = keyof typeof PEM;

const NO_VERIFICATION = 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION';

/** The set variables of config/servers.ts: a process with them connects as this one does. */
export type TemporalVariables = Readonly<Record<string, string>>;

/** For the client's Connection and the worker's NativeConnection. */
export interface TemporalSecurity {
  readonly tls?: {
    readonly serverNameOverride?: string;
    readonly serverRootCACertificate?: Buffer;
    readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
  };
  /** Sent as `authorization: Bearer …` with each call. */
  readonly apiKey?: string;
}

/**
 * Problems of the combination, a line each. Reads no file: the configuration reports them with its
 * own.
 */
export function temporalProblems(variables: TemporalVariables): string[] {
  const problems: string[] = [];
  const { TEMPORAL_API_KEY: apiKey, TEMPORAL_TLS: tls } = variables;
  const tlsSettings = Object.keys(variables).filter((name) => name.startsWith('TEMPORAL_TLS_'));
  if (tls !== undefined && truth(tls) === false) {
    if (apiKey !== undefined)
      problems.push(
        'TEMPORAL_TLS: false would send TEMPORAL_API_KEY in clear: leave one of them out',
      );
    if (tlsSettings.length > 0)
      problems.push(`TEMPORAL_TLS: is false, but ${tlsSettings.join(', ')} ask for TLS`);
  }
  for (const name of Object.values(PEM)) {
    if (given(variables, name) === 2)
      problems.push(`${name}_PATH: must not be set together with ${name}_DATA`);
  }
  if (given(variables, PEM.cert) > 0 !== given(variables, PEM.key) > 0)
    problems.push(`${PEM.cert}_PATH: a client certificate and ${PEM.key}_PATH need each other`);
  const unverified = variables[NO_VERIFICATION];
  if (unverified !== undefined && truth(unverified) !== false)
    problems.push(
      `${NO_VERIFICATION}: is not supported: name the authority (${PEM.ca}_PATH) or the server (TEMPORAL_TLS_SERVER_NAME) instead`,
    );
  return problems;
}

/**
 * Reads the named files. Without variables the connection has no TLS, as in the local stack.
 * @throws SANDBOX_008 for an unreadable or invalid file; no message quotes its content
 */
export function temporalSecurity(variables: TemporalVariables): TemporalSecurity {
  const { TEMPORAL_API_KEY: apiKey, TEMPORAL_TLS: wanted = '' } = variables;
  const serverName = variables.TEMPORAL_TLS_SERVER_NAME;
  const [crt, key, ca] = (['cert', 'key', 'ca'] as const).map((what) => pem(variables, what));
  if (crt !== undefined && key !== undefined) checkPair(crt, key);
  if (ca !== undefined) certificate('ca', ca);
  const tls = {
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
  };
  const secured = truth(wanted) === true || apiKey !== undefined || Object.keys(tls).length > 0;
  return { ...(secured ? { tls } : {}), ...(apiKey === undefined ? {} : { apiKey }) };
}

/** Null for any other text. */
function truth(text: string): boolean | null {
  if (/^(true|1)$/i.test(text)) return true;
  return /^(false|0)$/i.test(text) ? false : null;
}

/** How many of the two forms are set: 0 to 2. */
const given = (variables: TemporalVariables, name: string): number =>
  [`${name}_PATH`, `${name}_DATA`].filter((one) => variables[one] !== undefined).length;

/** The variable that is set, for messages. */
const sourceOf = (variables: TemporalVariables, what: PemName): string =>
  variables[`${PEM[what]}_PATH`] === undefined ? `${PEM[what]}_DATA` : `${PEM[what]}_PATH`;

function pem(variables: TemporalVariables, what: PemName): Buffer | undefined {
  const source = sourceOf(variables, what);
  const value = variables[source];
  if (value === undefined) return undefined;
  const bytes = source.endsWith('_PATH') ? readPem(source, value) : Buffer.from(value);
  const expected =
    what === 'key' ? /-----BEGIN [A-Z ]*PRIVATE KEY-----/ : /-----BEGIN CERTIFICATE-----/;
  if (expected.test(bytes.toString('latin1'))) return bytes;
  throw wrong(
    source,
    `is no ${what === 'key' ? 'private key' : 'certificate'} in PEM form`,
    'Give the text that begins with `-----BEGIN`.',
  );
}

function readPem(source: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw wrong(
      source,
      `${path} cannot be read: ${messageOf(error)}`,
      'Name a file that this process may read, or give its text in the variable that ends in _DATA.',
    );
  }
}

function certificate(what: PemName, bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw wrong(PEM[what], 'is no valid certificate', 'Check the file: it may be cut off.');
  }
}

/** The SDK would only report that it cannot connect. */
function checkPair(crt: Buffer, key: Buffer): void {
  const certified = certificate('cert', crt);
  let fits: boolean;
  try {
    fits = certified.checkPrivateKey(createPrivateKey(key));
  } catch {
    // Its own message may quote the key.
    throw wrong(
      PEM.key,
      'is no private key that can be used',
      'Give it without a password, as PKCS #8.',
    );
  }
  if (!fits) throw wrong(PEM.key, `does not belong to ${PEM.cert}`, 'Give the pair of one issue.');
  if (Date.parse(certified.validTo) < Date.now())
    throw wrong(PEM.cert, `has expired: ${certified.validTo}`, 'Renew the certificate.');
}

const wrong = (variable: string, what: string, hint: string): SandboxError =>
  new SandboxError('SANDBOX_008', `${variable}: ${what}`, { hint });

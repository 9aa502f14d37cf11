/** Explains why TLS prevents the use of a server: each refusal with its remedy. */
import { messageOf, SandboxError, unreachable, type Dependency } from '../domain/errors.js';

interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

const TRUST: Readonly<Record<'postgres' | 'redis' | 'nats' | 'temporal', string>> = {
  postgres:
    'Name the authority’s file: sslrootcert=… in the address, or NODE_EXTRA_CA_CERTS in the environment.',
  redis: 'Name the authority’s file in NODE_EXTRA_CA_CERTS.',
  nats: 'Name the authority’s file in NODE_EXTRA_CA_CERTS.',
  temporal: 'Name the authority’s file in TEMPORAL_TLS_SERVER_CA_CERT_PATH.',
};

const NAME: typeof TRUST = {
  ...{ postgres: '', redis: '', nats: '' },
  temporal: ' Or set TEMPORAL_TLS_SERVER_NAME to the name in the certificate.',
};

type Server = keyof typeof TRUST;

/**
 * By code or text of Node.js, OpenSSL, gRPC and rustls (the Temporal worker). The first match
 * counts.
 */
const REFUSALS: readonly [RegExp, string, (server: Server) => string][] = [
  [
    /ALTNAME_INVALID|HOSTNAME_MISMATCH|does not match certificate|NotValidForName/i,
    'its certificate is for another name than the address has',
    (server) =>
      `Use a name that is in the certificate, or have one made for this name.${NAME[server]}`,
  ],
  [
    /CERT_HAS_EXPIRED|certificate has expired|InvalidCertificate\(Expired/i,
    'its certificate has expired',
    () => 'Renew the server’s certificate, and check this machine’s clock.',
  ],
  [
    /CERT_NOT_YET_VALID|not yet valid|NotValidYet/i,
    'its certificate is not valid yet',
    () => 'Check this machine’s clock and the server’s certificate.',
  ],
  [
    /DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|self[- ]signed certificate/i,
    'its certificate is self-signed, or of an authority that is not trusted here',
    (server) => TRUST[server],
  ],
  [
    /UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF)|unable to (get (local )?issuer|verify the first)|UnknownIssuer|CaUsedAsEndEntity/i,
    'its certificate is of an authority that is not trusted here',
    (server) => TRUST[server],
  ],
  [
    /CERT_REVOKED|CERT_SIGNATURE_FAILURE|INVALID_PURPOSE|InvalidCertificate|CERT_UNTRUSTED|CERT_REJECTED/,
    'its certificate is not accepted',
    (server) => TRUST[server],
  ],
  [
    /CERTIFICATE_REQUIRED|alert certificate required|alert bad certificate|alert unknown ca|UNKNOWN_CA|BAD_CERTIFICATE|CertificateRequired/i,
    'it asks for a client certificate that it accepts',
    (server) =>
      server === 'postgres'
        ? 'Name one by sslcert and sslkey in the address.'
        : server === 'temporal'
          ? 'Name one by TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.'
          : 'Client certificates are not supported for it: let it ask for a password instead.',
  ],
  [
    /WRONG_VERSION_NUMBER|wrong version number|packet length too long|SERVER_OPT_NA|before secure TLS connection was established|InvalidContentType|InvalidMessage/i,
    'it offers no TLS, or ends the handshake',
    (server) =>
      ({
        postgres: 'Check its `ssl` setting, or use sslmode=disable where the way is safe.',
        redis: 'Check its TLS port, or use redis:// where the way is safe.',
        nats: 'Check its `tls` block, or use nats:// where the way is safe.',
        temporal: 'Check its TLS, or leave the TEMPORAL_TLS… variables out where the way is safe.',
      })[server],
  ],
  [
    /ERR_SSL_|EPROTO|SSL routines|HandshakeFailure|alert handshake failure|tlsv1 alert/i,
    'the TLS handshake fails',
    () => 'Compare the TLS versions and ciphers of both sides.',
  ],
];

/** Texts and codes of an error and its causes. */
function textsOf(error: unknown): string {
  const texts: string[] = [];
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 6; depth += 1) {
    const { code, details, chainedError, cause } = e as unknown as Record<string, unknown>;
    texts.push(e.message, ...[code, details].filter((t) => typeof t === 'string'));
    e = cause ?? chainedError;
  }
  return texts.join('\n');
}

/** Null if TLS is not the reason. */
export function tlsRefusal(server: Server, error: unknown): Refusal | null {
  const texts = textsOf(error);
  const found = REFUSALS.find(([form]) => form.test(texts));
  return found === undefined ? null : { reason: found[1], remedy: found[2](server) };
}

/** SANDBOX_009 with server, reason and remedy. A known error stays. */
export function cannotUse(
  server: Server & Dependency,
  error: unknown,
  hint?: string,
): SandboxError {
  if (error instanceof SandboxError) return error;
  const refusal = tlsRefusal(server, error);
  if (refusal === null) return unreachable(server, error, hint);
  const { reason, remedy } = refusal;
  const cause = new Error(`${reason} (${messageOf(error).split('\n')[0] ?? ''})`, { cause: error });
  return unreachable(server, cause, remedy);
}

/** Finds why a TLS connection to Temporal fails. gRPC for Node.js reports only a deadline. */
import { connect } from 'node:tls';
import { placeOf } from './addresses/url.js';
import type { TemporalSecurity } from './temporal-security.js';
import { tlsRefusal } from './unreachable.js';

const PROBE_MS = 2_000;

/** The error itself, or the error of a handshake of our own if TLS is the reason. Never rejects. */
export async function temporalFailure(
  error: unknown,
  address: string,
  { tls }: TemporalSecurity,
): Promise<unknown> {
  if (tls === undefined || tlsRefusal('temporal', error) !== null) return error;
  const { host, port } = placeOf(address);
  const { serverNameOverride: servername, serverRootCACertificate: ca, clientCertPair: pair } = tls;
  const refused = await new Promise<unknown>((resolve) => {
    const socket = connect({
      ...{ host, port: port ?? 7_233, ALPNProtocols: ['h2'], timeout: PROBE_MS },
      ...(servername === undefined ? {} : { servername }),
      ...(ca === undefined ? {} : { ca }),
      ...(pair === undefined ? {} : { cert: pair.crt, key: pair.key }),
    });
    const end = (outcome: unknown): void => {
      socket.destroy();
      resolve(outcome);
    };
    // A server that requires a client certificate refuses after the handshake, at the first bytes.
    socket.once('secureConnect', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
    socket.once('data', () => {
      end(null);
    });
    socket.once('timeout', () => {
      end(null);
    });
    socket.once('close', () => {
      end(null);
    });
    socket.once('error', end);
  });
  return refused !== null && tlsRefusal('temporal', refused) !== null ? refused : error;
}

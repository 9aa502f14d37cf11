/** The TLS of a Postgres address, in the driver's form. Reads the files that the address names. */
import { readFileSync } from 'node:fs';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { messageOf } from '../../domain/errors.js';
import type { PostgresAddress } from './postgres.js';
import { AddressProblem, orInvalid } from './problem.js';

/**
 * `false`: no TLS. `prefer`: TLS if the server offers it. @throws SANDBOX_008 for an unreadable
 * file
 */
export function postgresTls({ tls, host }: PostgresAddress): false | 'prefer' | ConnectionOptions {
  if (tls === null) return false;
  if (tls.mode === 'prefer') return 'prefer';
  return orInvalid('Postgres', () => {
    const ca = tls.rootCert === undefined || tls.rootCert === 'system' ? null : tls.rootCert;
    return {
      rejectUnauthorized: tls.mode !== 'require',
      ...(ca === null ? {} : { ca: file('sslrootcert', ca) }),
      ...(tls.cert === undefined ? {} : { cert: file('sslcert', tls.cert) }),
      ...(tls.key === undefined ? {} : { key: file('sslkey', tls.key) }),
      ...(tls.keyPassword === undefined ? {} : { passphrase: tls.keyPassword }),
      ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
      ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
      // For an IP address the driver gives TLS no server name, and Node.js would compare with
      // `localhost`.
      checkServerIdentity: (_name, certificate) =>
        tls.mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
    };
  });
}

function file(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AddressProblem(
      `the file that ${parameter} names cannot be read: ${messageOf(error)}`,
      'Name a file that this process may read.',
    );
  }
}

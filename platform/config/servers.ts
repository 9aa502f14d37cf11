/** The part of the configuration's table for servers: addresses, and Temporal's security. */
import { readNatsUrl } from '../addresses/nats.js';
import { readPostgresAddress } from '../addresses/postgres.js';
import { readRedisAddress } from '../addresses/redis.js';
import { readTemporalAddress } from '../addresses/temporal.js';
import { ALL, optional, type Reader } from './setting.js';
import { addressOf, matching, text } from './types.js';

const TEMPORAL_READERS: readonly Reader[] = ['worker', 'api', 'cli'];
const postgres = addressOf(readPostgresAddress);
const redis = addressOf(readRedisAddress);
const nats = addressOf(readNatsUrl);

const server = (what: string, plainName: string) => ({
  readers: ALL,
  // The address contains a login.
  secret: true,
  plainName,
  unset: `\`${plainName}\`, else the stack's`,
  about: `${what}; \`${plainName}\` is a tenant's, and does not count, while \`SANDBOX_ID\` is set`,
});

export const GIVEN_ADDRESSES = {
  temporal: optional('TEMPORAL_ADDRESS', addressOf(readTemporalAddress), {
    readers: TEMPORAL_READERS,
    unset: "the stack's",
    about: 'host and port of Temporal',
  }),
  database: optional(
    'SANDBOX_CONTROL_DATABASE_URL',
    postgres,
    server('address of Postgres', 'DATABASE_URL'),
  ),
  redis: optional('SANDBOX_CONTROL_REDIS_URL', redis, server('address of Redis', 'REDIS_URL')),
  nats: optional('SANDBOX_CONTROL_NATS_URL', nats, server('address of NATS', 'NATS_URL')),
};

const handedOut = (what: string) => ({
  readers: ['api', 'cli'] as const,
  unset: "the server's own",
  about: `address of ${what} that \`connect\` and \`exec\` hand out, with the sandbox's login in it ([addresses](addresses.md))`,
});

export const TENANT_ADDRESSES = {
  database: optional('SANDBOX_TENANT_DATABASE_URL', postgres, handedOut('Postgres')),
  redis: optional('SANDBOX_TENANT_REDIS_URL', redis, handedOut('Redis')),
  nats: optional('SANDBOX_TENANT_NATS_URL', nats, handedOut('NATS')),
};

/** A login without rights is enough: only catalogues are read. */
export const TEMPLATE_SOURCE = optional('SANDBOX_TEMPLATE_SOURCE_URL', postgres, {
  readers: ['worker'],
  secret: true,
  unset: 'the database of the sandboxes',
  about: 'address of the database whose schemas become templates ([templates](templates.md))',
});

const security = (about: string) => ({ readers: TEMPORAL_READERS, unset: 'unset', about });
const pem = (what: string, form: 'path' | 'text') =>
  security(form === 'path' ? `file of ${what}, in PEM form` : `the same as text`);

/**
 * Temporal's own names: one environment serves `temporal` and `bd` (platform/temporal-security.ts).
 */
export const TEMPORAL_SECURITY = {
  TEMPORAL_API_KEY: optional(
    'TEMPORAL_API_KEY',
    matching(/^[!-~]+$/, 'must be one word, as it goes into a header'),
    { ...security('key that each call to `TEMPORAL_ADDRESS` sends; turns TLS on'), secret: true },
  ),
  TEMPORAL_TLS: optional('TEMPORAL_TLS', matching(/^(true|false|1|0)$/i, 'must be true or false'), {
    ...security('TLS to `TEMPORAL_ADDRESS` ([deployment](deployment.md#temporal-with-tls))'),
    unset: 'on where another of these variables asks for it',
  }),
  TEMPORAL_TLS_SERVER_NAME: optional(
    'TEMPORAL_TLS_SERVER_NAME',
    text,
    security("name in the server's certificate, if it differs from the address"),
  ),
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: optional(
    'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION',
    text,
    security('not supported: only `false` is accepted'),
  ),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: optional(
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    text,
    pem("the authority that signed the server's certificate", 'path'),
  ),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: optional(
    'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
    text,
    pem('', 'text'),
  ),
  TEMPORAL_TLS_CLIENT_CERT_PATH: optional(
    'TEMPORAL_TLS_CLIENT_CERT_PATH',
    text,
    pem('the client certificate', 'path'),
  ),
  TEMPORAL_TLS_CLIENT_CERT_DATA: optional('TEMPORAL_TLS_CLIENT_CERT_DATA', text, pem('', 'text')),
  TEMPORAL_TLS_CLIENT_KEY_PATH: optional(
    'TEMPORAL_TLS_CLIENT_KEY_PATH',
    text,
    pem("the client certificate's key", 'path'),
  ),
  TEMPORAL_TLS_CLIENT_KEY_DATA: optional('TEMPORAL_TLS_CLIENT_KEY_DATA', text, {
    ...pem('', 'text'),
    secret: true,
  }),
};

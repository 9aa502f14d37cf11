/**
 * `npm run compose:secrets`: makes what deploy/compose.yaml needs and no repository may hold: passwords, NATS' keys and tokens,
 * the master secret, and the two servers' configuration that they are part of. The rights are those of the local stack.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CREDENTIAL_FILE_USERS,
  credentialsFileName,
  natsOperator,
} from '../stack/nats-operator.js';
import { subkeyOf } from '../../platform/subkeys.js';
import { aclFile } from '../stack/redis-users.js';

/** URL-safe, so that no address needs escaping. */
const password = (): string => randomBytes(24).toString('base64url');

/** @returns the files it wrote. @throws where they are there: new secrets would not fit the data */
export function writeSecrets(folder: string): string[] {
  if (existsSync(join(folder, 'env'))) {
    throw new Error(`${folder} has its secrets already: new ones would not fit the servers' data`);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const users = {
    admin: password(),
    worker: password(),
    router: password(),
    client: password(),
    api: password(),
  };
  const operator = natsOperator(randomBytes(32).toString('hex'));
  const { tokens, authority, configuration } = operator;
  const masterSecret = randomBytes(32).toString('hex');
  const environment = {
    ADMIN_PASSWORD: users.admin,
    WORKER_PASSWORD: users.worker,
    ROUTER_PASSWORD: users.router,
    CLIENT_PASSWORD: users.client,
    API_PASSWORD: users.api,
    ADMIN_NATS_TOKEN: tokens.admin,
    WORKER_NATS_TOKEN: tokens.bd_worker,
    ROUTER_NATS_TOKEN: tokens.bd_router,
    CLIENT_NATS_TOKEN: tokens.bd_client,
    API_NATS_TOKEN: tokens.bd_api,
    INGEST_NATS_TOKEN: tokens.ingest,
    MASTER_SECRET: masterSecret,
    TENANT_KEY: subkeyOf(masterSecret, 'tenant-passwords'),
    ACTOR_KEY: subkeyOf(masterSecret, 'actors'),
    NATS_AUTHORITY: JSON.stringify(authority),
  };
  const files = {
    env: Object.entries(environment)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
    'nats.conf': natsConfiguration(configuration),
    // Hashes only, but readable by the server's own user in its container.
    'users.acl': aclFile(
      {
        admin: users.admin,
        bd_worker: users.worker,
        bd_router: users.router,
        bd_client: users.client,
        bd_api: users.api,
      },
      '',
    ),
    // For the `nats` command and for an ingestor: no container reads them.
    ...Object.fromEntries(
      CREDENTIAL_FILE_USERS.map((user) => [
        credentialsFileName(user),
        operator.credentialFiles[user],
      ]),
    ),
  };
  const publicFiles = ['nats.conf', 'users.acl'];
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), text, { mode: publicFiles.includes(name) ? 0o644 : 0o600 });
  return Object.keys(files).map((name) => join(folder, name));
}

function natsConfiguration(operator: readonly string[]): string {
  return `server_name: compose
listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
# Member chunks pass 1 MiB.
max_payload: 8MB
jetstream {
  store_dir: "/data"
  # A stream's max_bytes is reserved at once: the limit must cover them all, whatever the disk holds.
  max_file_store: 256GB
  max_memory_store: 1GB
}
resolver: { type: full, dir: "/data/accounts", allow_delete: true }
${operator.join('\n')}
`;
}

/**
 * The files of an installation: one environment for each process, and parts for the servers'
 * configuration.
 */
import { withLogin } from '../../platform/addresses/login.js';
import { subkeyOf } from '../../platform/subkeys.js';
import {
  CREDENTIAL_FILE_USERS,
  credentialsFileName,
  natsOperator,
  type NatsOperator,
} from '../stack/nats-operator.js';
import { aclFile } from '../stack/redis-users.js';
import type { SetupSecrets } from './secrets.js';

type Environment = Readonly<Record<string, string>>;

const text = (environment: Environment): string =>
  Object.entries(environment)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/** A process's login for each server. `bd migrate` gets the database owner's login from you. */
function addressesOf(
  { addresses, postgres, redis }: SetupSecrets,
  { tokens }: NatsOperator,
  user: 'bd_worker' | 'bd_router' | 'bd_api' | 'bd_client',
): Environment {
  return {
    SANDBOX_CONTROL_DATABASE_URL: withLogin(addresses.database, user, postgres[user]),
    SANDBOX_CONTROL_REDIS_URL: withLogin(addresses.redis, user, redis[user]),
    SANDBOX_CONTROL_NATS_URL: withLogin(addresses.nats, user, tokens[user]),
  };
}

/** The whole environment, by process. */
export function environments(secrets: SetupSecrets): Readonly<Record<string, Environment>> {
  const operator = operatorOf(secrets);
  const { addresses, redis, masterSecret } = secrets;
  const temporal = { TEMPORAL_ADDRESS: addresses.temporal };
  const subkeys = {
    SANDBOX_TENANT_KEY: subkeyOf(masterSecret, 'tenant-passwords'),
    SANDBOX_ACTOR_KEY: subkeyOf(masterSecret, 'actors'),
  };
  return {
    worker: {
      ...addressesOf(secrets, operator, 'bd_worker'),
      ...temporal,
      SANDBOX_MASTER_SECRET: masterSecret,
      SANDBOX_NATS_AUTHORITY: JSON.stringify(operator.authority),
    },
    router: addressesOf(secrets, operator, 'bd_router'),
    api: { ...addressesOf(secrets, operator, 'bd_api'), ...temporal, ...subkeys },
    // An operator's own `bd`, which speaks to the servers directly.
    bd: { ...addressesOf(secrets, operator, 'bd_client'), ...temporal, ...subkeys },
    // Without the database's address: its owner's login is yours, and stays with you.
    admin: {
      SANDBOX_CONTROL_REDIS_URL: withLogin(addresses.redis, 'admin', redis.admin),
      SANDBOX_CONTROL_NATS_URL: withLogin(addresses.nats, 'admin', operator.tokens.admin),
      ...temporal,
    },
  };
}

const operatorOf = ({ nats }: SetupSecrets): NatsOperator =>
  natsOperator(nats.keys, nats.operators);

/** Text by file name. Each call makes all texts from the secrets. */
export function setupFiles(secrets: SetupSecrets): Readonly<Record<string, string>> {
  const operator = operatorOf(secrets);
  return {
    ...Object.fromEntries(
      Object.entries(environments(secrets)).map(([name, environment]) => [
        `${name}.env`,
        text(environment),
      ]),
    ),
    'nats-accounts.conf': `${operator.configuration.join('\n')}\n`,
    'users.acl': aclFile(secrets.redis, ''),
    ...Object.fromEntries(
      CREDENTIAL_FILE_USERS.map((user) => [
        credentialsFileName(user),
        operator.credentialFiles[user],
      ]),
    ),
  };
}

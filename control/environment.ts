/** What a sandbox's bot needs to know, as environment variables: identifiers, and credentials for who holds the master secret. */
import {
  consumerName,
  inboxPrefix,
  natsPrefix,
  redisPrefix,
  natsUser,
  redisUser,
  roleName,
  schemaName,
} from '../domain/names.js';
import { NATS_API_PREFIX } from '../resources/nats/permissions.js';
import { STREAMS } from '../routing/subjects.js';
import type { CredentialVariable, IdentifierVariable } from '../domain/sandbox-variables.js';
import { withLogin } from '../platform/addresses/login.js';
import type { Config } from '../platform/config.js';
import { passwordFor, type CredentialServer } from '../platform/credentials.js';
import { natsAccountOf } from '../platform/nats-authority.js';
import type { Addresses } from '../platform/stack-file.js';
import type { SandboxRecord } from '../store/sandboxes.js';

/** One flat object of variables; every value is a string. */
export type SandboxEnvironment = Readonly<Record<string, string>>;

export function identifiersOf(row: SandboxRecord): Readonly<Record<IdentifierVariable, string>> {
  const { sandboxId } = row;
  return {
    SANDBOX_ID: sandboxId,
    SANDBOX_SCHEMA: schemaName(sandboxId),
    SANDBOX_REDIS_PREFIX: redisPrefix(sandboxId),
    SANDBOX_NATS_PREFIX: natsPrefix(sandboxId),
    SANDBOX_GUILD_IDS: row.guildIds.join(','),
    NATS_STREAM: STREAMS.routed,
    NATS_CONSUMER: consumerName(sandboxId),
    NATS_INBOX_PREFIX: inboxPrefix(sandboxId),
    NATS_API_PREFIX,
  };
}

/**
 * The servers' addresses with the sandbox's own user and password in them: ours, or those that are for tenants
 * (SANDBOX_TENANT_…), such as a pooler's or one that is reached from outside.
 */
export function credentialsOf(
  row: SandboxRecord,
  addresses: Addresses,
  masterSecret: string,
  { redisAcl, tenant = {} }: { redisAcl: boolean; tenant?: Config['tenant'] },
): Readonly<Partial<Record<CredentialVariable, string>>> {
  const login = (server: CredentialServer, address: string, user: string): string =>
    withLogin(address, user, passwordFor(masterSecret, server, row));
  const { database, redis, nats } = { ...addresses, ...tenant };
  const environment = {
    DATABASE_URL: login('postgres', database, roleName(row.sandboxId)),
    // Without ACL no user of the sandbox's exists on the server: a URL that names one would only fail later.
    ...(redisAcl ? { REDIS_URL: login('redis', redis, redisUser(row.sandboxId)) } : {}),
  };
  // Servers that know no accounts for sandboxes know no users of theirs either.
  if (natsAccountOf(addresses.nats) === null) return environment;
  return {
    ...environment,
    NATS_URL: login('nats', nats, natsUser(row.sandboxId)),
  };
}

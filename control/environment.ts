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
import { NATS_API_PREFIX } from '../domain/nats-tenant.js';
import { STREAMS } from '../domain/routing.js';
import type { CredentialVariable, IdentifierVariable } from '../domain/sandbox-variables.js';
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

/** The servers' addresses with the sandbox's own user and password in them. */
export function credentialsOf(
  row: SandboxRecord,
  addresses: Addresses,
  masterSecret: string,
  { redisAcl }: { redisAcl: boolean },
): Readonly<Partial<Record<CredentialVariable, string>>> {
  const login = (server: CredentialServer, address: string, user: string): string =>
    withLogin(address, user, passwordFor(masterSecret, server, row));
  const environment = {
    DATABASE_URL: login('postgres', addresses.database, roleName(row.sandboxId)),
    // Without ACL no user of the sandbox's exists on the server: a URL that names one would only fail later.
    ...(redisAcl ? { REDIS_URL: login('redis', addresses.redis, redisUser(row.sandboxId)) } : {}),
  };
  // Servers that know no accounts for sandboxes know no users of theirs either.
  if (natsAccountOf(addresses.nats) === null) return environment;
  return {
    ...environment,
    NATS_URL: login('nats', addresses.nats, natsUser(row.sandboxId)),
  };
}

const LOGIN_PARAMETERS = new Set(['user', 'username', 'password', 'passfile']);

/** The address with this login alone: clients take one from the query as well, and would prefer it. */
function withLogin(address: string, user: string, password: string): string {
  const url = new URL(address);
  url.username = user;
  url.password = password;
  const kept = [...url.searchParams].filter(([name]) => !LOGIN_PARAMETERS.has(name));
  if (kept.length === url.searchParams.size) return url.href;
  // Not every client takes a plus for a space.
  url.search = new URLSearchParams(kept).toString().replaceAll('+', '%20');
  return url.href;
}

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
import { passwordFor, type CredentialServer } from '../platform/credentials.js';
import { natsAccountOf } from '../platform/nats-authority.js';
import type { Addresses } from '../platform/stack-file.js';
import type { SandboxRecord } from '../store/sandboxes.js';

/** One flat object of variables; every value is a string. */
export type SandboxEnvironment = Readonly<Record<string, string>>;

export function identifiersOf(row: SandboxRecord): SandboxEnvironment {
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
): SandboxEnvironment {
  const password = (server: CredentialServer) => passwordFor(masterSecret, server, row);
  const database = new URL(addresses.database);
  database.username = roleName(row.sandboxId);
  database.password = password('postgres');
  const redis = new URL(addresses.redis);
  redis.username = redisUser(row.sandboxId);
  redis.password = password('redis');
  // Without ACL no user of the sandbox's exists on the server: a URL that names one would only fail later.
  const environment = {
    DATABASE_URL: database.href,
    ...(redisAcl ? { REDIS_URL: redis.href } : {}),
  };
  // Servers that know no accounts for sandboxes know no users of theirs either.
  if (natsAccountOf(addresses.nats) === null) return environment;
  const nats = new URL(addresses.nats);
  nats.username = natsUser(row.sandboxId);
  nats.password = password('nats');
  return { ...environment, NATS_URL: nats.href };
}

/** What a sandbox's bot needs to know, as environment variables: identifiers, and credentials for who holds the master secret. */
import {
  consumerName,
  inboxPrefix,
  natsPrefix,
  redisPrefix,
  redisUser,
  roleName,
  schemaName,
} from '../domain/names.js';
import { STREAMS } from '../domain/routing.js';
import { passwordFor } from '../platform/credentials.js';
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
  };
}

/** The servers' addresses with the sandbox's own user and password in them. */
export function credentialsOf(
  row: SandboxRecord,
  addresses: Addresses,
  masterSecret: string,
): SandboxEnvironment {
  const password = (server: 'postgres' | 'redis') => passwordFor(masterSecret, server, row);
  const database = new URL(addresses.database);
  database.username = roleName(row.sandboxId);
  database.password = password('postgres');
  const redis = new URL(addresses.redis);
  redis.username = redisUser(row.sandboxId);
  redis.password = password('redis');
  return { DATABASE_URL: database.href, REDIS_URL: redis.href };
}

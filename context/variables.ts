/**
 * Reads and checks a bot's environment: a complete sandbox, or production if allowed. Nothing else
 * passes.
 */
import { SandboxError } from '../domain/errors.js';
import { parseGuildIds, type GuildId } from '../domain/guild.js';
import {
  natsPrefix,
  parseSandboxId,
  redisPrefix,
  roleName,
  sandboxIdIn,
  schemaName,
  type SandboxId,
} from '../domain/names.js';
import { readNatsUrl } from '../platform/addresses/nats.js';
import { readPostgresAddress } from '../platform/addresses/postgres.js';
import { AddressProblem } from '../platform/addresses/problem.js';
import { readRedisAddress } from '../platform/addresses/redis.js';

export interface ContextVariables {
  readonly sandboxId: SandboxId | null;
  readonly guildIds: readonly GuildId[];
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly natsUrl: string;
  readonly schema: string | null;
  readonly redisPrefix: string;
  readonly natsPrefix: string | null;
  readonly inboxPrefix: string | null;
  readonly consumer: {
    readonly stream: string;
    readonly name: string;
    readonly apiPrefix: string;
  } | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ADDRESSES = ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'] as const;
/** Any of them shows that the environment is meant for a sandbox. */
const IDENTIFIERS = [
  'SANDBOX_ID',
  'SANDBOX_SCHEMA',
  'SANDBOX_REDIS_PREFIX',
  'SANDBOX_NATS_PREFIX',
] as const;
const NATS = ['NATS_STREAM', 'NATS_CONSUMER', 'NATS_INBOX_PREFIX', 'NATS_API_PREFIX'] as const;

const HINT = 'Run it with `bd sandbox exec <sandbox> -- command`.';

/** @throws SANDBOX_008 */
export function readContext(env: Environment, production: boolean): ContextVariables {
  const isSandbox = IDENTIFIERS.some((name) => given(env, name) !== undefined);
  if (!isSandbox && !production) {
    throw new SandboxError('SANDBOX_008', 'this is no environment of a sandbox', {
      hint: `${HINT} Production needs openContext(env, { production: true }).`,
    });
  }
  const needed = isSandbox ? [...IDENTIFIERS, ...ADDRESSES, ...NATS] : ADDRESSES;
  const missing = needed.filter((name) => given(env, name) === undefined);
  if (missing.length > 0) {
    throw new SandboxError('SANDBOX_008', `the environment lacks ${missing.join(', ')}`, {
      hint: isSandbox ? HINT : 'Production’s addresses are not all set.',
    });
  }
  const value = (name: (typeof needed)[number]): string => given(env, name) ?? '';
  const addresses = {
    databaseUrl: checked('DATABASE_URL', value('DATABASE_URL'), readPostgresAddress),
    redisUrl: checked('REDIS_URL', value('REDIS_URL'), readRedisAddress),
    natsUrl: checked('NATS_URL', value('NATS_URL'), readNatsUrl),
  };
  return isSandbox ? sandbox(env, value, addresses) : productions(env, addresses);
}

type Addresses = Pick<ContextVariables, 'databaseUrl' | 'redisUrl' | 'natsUrl'>;

function sandbox(
  env: Environment,
  value: (name: (typeof IDENTIFIERS)[number] | (typeof NATS)[number]) => string,
  addresses: Addresses,
): ContextVariables {
  const sandboxId = parseSandboxId(value('SANDBOX_ID'));
  const derived = {
    SANDBOX_SCHEMA: schemaName(sandboxId),
    SANDBOX_REDIS_PREFIX: redisPrefix(sandboxId),
    SANDBOX_NATS_PREFIX: natsPrefix(sandboxId),
  } as const;
  for (const [name, expected] of Object.entries(derived) as [keyof typeof derived, string][]) {
    // Two shells' exports can mix variables of two sandboxes.
    if (value(name) !== expected) {
      throw new SandboxError('SANDBOX_008', `${name} does not belong to sandbox ${sandboxId}`, {
        hint: HINT,
      });
    }
  }
  checkLogins(sandboxId, addresses);
  const guilds = given(env, 'SANDBOX_GUILD_IDS');
  return {
    ...addresses,
    sandboxId,
    guildIds: guilds === undefined ? [] : parseGuildIds(guilds.split(',')),
    schema: derived.SANDBOX_SCHEMA,
    redisPrefix: derived.SANDBOX_REDIS_PREFIX,
    natsPrefix: derived.SANDBOX_NATS_PREFIX,
    inboxPrefix: value('NATS_INBOX_PREFIX'),
    consumer: {
      stream: value('NATS_STREAM'),
      name: value('NATS_CONSUMER'),
      apiPrefix: value('NATS_API_PREFIX'),
    },
  };
}

/**
 * Finds foreign addresses, which for example a `.env` file can set. Redis and NATS may have no
 * users of sandboxes (SANDBOX_REDIS_ACL=off), so there only another sandbox's login counts as
 * foreign.
 */
function checkLogins(sandboxId: SandboxId, { databaseUrl, redisUrl, natsUrl }: Addresses): void {
  const own: string = roleName(sandboxId);
  const users = {
    REDIS_URL: readRedisAddress(redisUrl).user ?? '',
    NATS_URL: readNatsUrl(natsUrl).user ?? '',
  };
  const foreign = [
    ...(readPostgresAddress(databaseUrl).user === own ? [] : ['DATABASE_URL']),
    ...Object.entries(users).flatMap(([name, user]) =>
      user !== own && sandboxIdIn(user, 'sandbox_') !== null ? [name] : [],
    ),
  ];
  if (foreign.length === 0) return;
  throw new SandboxError(
    'SANDBOX_008',
    `${foreign.join(', ')} does not belong to sandbox ${sandboxId}`,
    { hint: `${HINT} Nothing may set them anew, such as a .env file.` },
  );
}

function productions(env: Environment, addresses: Addresses): ContextVariables {
  const [stream, name] = [given(env, 'NATS_STREAM'), given(env, 'NATS_CONSUMER')];
  const apiPrefix = given(env, 'NATS_API_PREFIX') ?? '$JS.API';
  return {
    ...addresses,
    sandboxId: null,
    guildIds: [],
    schema: null,
    redisPrefix: '',
    natsPrefix: null,
    inboxPrefix: given(env, 'NATS_INBOX_PREFIX') ?? null,
    consumer: stream === undefined || name === undefined ? null : { stream, name, apiPrefix },
  };
}

/** An empty variable counts as unset. */
function given(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

/** @throws SANDBOX_008; the message hides the value, which may contain a password */
function checked(name: string, text: string, read: (text: string) => unknown): string {
  try {
    read(text);
    return text;
  } catch (error) {
    if (!(error instanceof AddressProblem)) throw error;
    throw new SandboxError('SANDBOX_008', `${name}: ${error.message}`, { hint: error.remedy });
  }
}

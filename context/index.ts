/**
 * `openContext`: a bot's connections. In a sandbox's environment (`bd sandbox exec`, `connect`) it
 * opens the sandbox's Postgres, Redis and NATS. Otherwise it throws, unless the bot asks for
 * production. So a lost or incomplete environment never means production by accident.
 */
import { Redis } from 'ioredis';
import { connect, type Consumer, type NatsConnection } from 'nats';
import postgres from 'postgres';
import { messageOf, SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { allOpened, Closer } from '../platform/closer.js';
import { withDeadline } from '../platform/deadline.js';
import { natsLogin, parseNatsUrl } from '../platform/nats.js';
import {
  asPostgresError,
  closePostgres,
  postgresServer,
  type Sql,
  type Transaction,
} from '../platform/postgres.js';
import { redisServer } from '../platform/redis.js';
import { cannotUse } from '../platform/unreachable.js';
import { readContext, type ContextVariables } from './variables.js';

export interface ContextOptions {
  /**
   * Without a sandbox's environment use production's `DATABASE_URL`, `REDIS_URL`, `NATS_URL`.
   * Default false: throw.
   */
  readonly production?: boolean;
}

export interface SandboxContext {
  /** Null in production. */
  readonly sandboxId: SandboxId | null;
  /** The guilds whose events arrive here, as of the environment's creation. Empty in production. */
  readonly guildIds: readonly GuildId[];
  /** Its `search_path` is the sandbox's schema. */
  readonly sql: Sql;
  /** Puts the sandbox's prefix before every key. Channels and scans need `redisKey`. */
  readonly redis: Redis;
  readonly nats: NatsConnection;
  /** The full name of a key or channel, for commands that add no prefix. */
  redisKey(key: string): string;
  /**
   * The bot's own subject: `sandbox.<id>.app.<subject>`, in production `<subject>`. @throws
   * SANDBOX_008
   */
  natsSubject(subject: string): string;
  /**
   * A transaction whose `search_path` is the sandbox's schema, even if an earlier statement set
   * another.
   */
  withSchema<T>(work: (sql: Transaction) => Promise<T>): Promise<T>;
  /**
   * The durable consumer of the bot's events. Acknowledge each event; NATS redelivers it after 30
   * s.
   */
  consumer(): Promise<Consumer>;
  /** @throws SANDBOX_008 for a subject with spaces or wildcards */
  publish(subject: string, payload: string | Uint8Array): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const OPEN_MS = 5_000;

/**
 * Resolves when all three are connected. The caller closes the context.
 * @throws SANDBOX_008 for an environment that is missing, incomplete or wrong; SANDBOX_009 for a
 * server that is unreachable or refuses the credentials, as after the sandbox's end
 * @example
 * await using context = await openContext(process.env);
 * await context.sql`INSERT INTO communities (name) VALUES ('mine')`;
 */
export async function openContext(
  env: Readonly<Record<string, string | undefined>>,
  { production = false }: ContextOptions = {},
): Promise<SandboxContext> {
  const variables = readContext(env, production);
  const closer = new Closer((what, error) => {
    process.emitWarning(`${what} could not be closed: ${messageOf(error)}`, 'SandboxContext');
  });
  try {
    const [sql, redis, nats] = await allOpened([
      closer.open('Postgres', openSql(variables), closePostgres),
      closer.open('Redis', openRedis(variables), (open) => open.disconnect()),
      closer.open('NATS', openNats(variables), (open) => open.close()),
    ]);
    return contextOf(variables, sql, redis, nats, () => closer.close());
  } catch (error) {
    await closer.close();
    throw error;
  }
}

function contextOf(
  variables: ContextVariables,
  sql: Sql,
  redis: Redis,
  nats: NatsConnection,
  close: () => Promise<void>,
): SandboxContext {
  const { sandboxId, guildIds, schema, redisPrefix, natsPrefix, consumer } = variables;
  const natsSubject = (subject: string): string => {
    // NATS takes a word after a space for a reply subject.
    if (!/^[\w-]+(\.[\w-]+)*$/.test(subject)) {
      throw new SandboxError('SANDBOX_008', `${JSON.stringify(subject)} is not a subject`);
    }
    return natsPrefix === null ? subject : `${natsPrefix}app.${subject}`;
  };
  return {
    ...{ sandboxId, guildIds, sql, redis, nats, natsSubject, close },
    redisKey: (key) => `${redisPrefix}${key}`,
    withSchema: <T>(work: (sql: Transaction) => Promise<T>) =>
      sql.begin(async (tx) => {
        if (schema !== null) await tx`SELECT set_config('search_path', ${schema}, true)`;
        return work(tx);
      }) as Promise<T>,
    async consumer() {
      if (consumer === null) {
        throw new SandboxError('SANDBOX_008', 'NATS_STREAM and NATS_CONSUMER are not set');
      }
      const { apiPrefix, stream, name } = consumer;
      return nats.jetstream({ apiPrefix }).consumers.get(stream, name);
    },
    publish: (subject, payload) => {
      nats.publish(natsSubject(subject), payload);
    },
    [Symbol.asyncDispose]: close,
  };
}

/**
 * The sandbox's role sets its own `search_path`: a pooler refuses one at the start. The driver
 * parses times only in ISO form; other settings are the bot's own.
 */
async function openSql({ databaseUrl }: ContextVariables): Promise<Sql> {
  const { address, options } = postgresServer(databaseUrl);
  const sql = postgres({
    ...options,
    max: 5,
    onnotice: () => undefined,
    connection: {
      DateStyle: 'ISO, MDY',
      ...(address.applicationName === null ? {} : { application_name: address.applicationName }),
      ...(address.options === null ? {} : { options: address.options }),
    },
  });
  try {
    await withDeadline(sql`SELECT 1`, OPEN_MS, 'Postgres');
    return sql;
  } catch (error) {
    await closePostgres(sql);
    throw asPostgresError(error);
  }
}

async function openRedis({ redisUrl, redisPrefix }: ContextVariables): Promise<Redis> {
  let last: unknown;
  const redis = new Redis({
    ...redisServer(redisUrl),
    keyPrefix: redisPrefix,
    lazyConnect: true,
    // INFO shows figures of the whole server, so a sandbox's user may not run it.
    enableReadyCheck: false,
    connectTimeout: OPEN_MS,
  });
  redis.on('error', (error) => {
    last = error;
  });
  try {
    await withDeadline(redis.connect(), OPEN_MS, 'Redis');
    await withDeadline(redis.ping(), OPEN_MS, 'Redis');
    return redis;
  } catch (error) {
    redis.disconnect();
    throw cannotUse('redis', last ?? error);
  }
}

async function openNats({ natsUrl, inboxPrefix }: ContextVariables): Promise<NatsConnection> {
  try {
    return await connect({
      ...natsLogin(parseNatsUrl(natsUrl)),
      ...(inboxPrefix === null ? {} : { inboxPrefix }),
      timeout: OPEN_MS,
      // By default the client stops after ten attempts or two refusals. Then a restart of the
      // servers would end the bot.
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      waitOnFirstConnect: false,
    });
  } catch (error) {
    throw cannotUse('nats', error);
  }
}

/**
 * The users of the API, stolen: the corpora of sandboxes and attacks of their own. Each attack has
 * a control with more rights.
 */
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeNats, openNats } from '../../../platform/nats.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { closeRedis, openRedis, type Redis } from '../../../platform/redis.js';
import { stackState } from '../../support/stack.js';
import * as own from './api-user.js';
import { filled, openField, type Field } from './field.js';
import { NATS_PUBLISH, NATS_QUEUES, NATS_SUBSCRIBE } from './nats.js';
import { POSTGRES_ATTACKS, type PostgresAttack } from './postgres.js';
import { REDIS_KEY_ATTACKS, words } from './redis.js';
import { REDIS_SCRIPT_ATTACKS, REDIS_SERVER_ATTACKS } from './redis-server.js';

interface Users {
  readonly sql: Sql;
  readonly redis: Redis;
  readonly nats: NatsConnection;
}

let field: Field;
let api: Users;
let admin: Users;
let bd: Users;

async function openUsers(role: 'api' | 'admin' | 'client'): Promise<Users> {
  const { database, redis, nats } = stackState().urls[role];
  return {
    sql: openPostgres(database, { name: 'test', max: 1 }),
    redis: await openRedis(redis, 'test'),
    nats: await openNats(nats, 'test'),
  };
}

async function closeUsers({ sql, redis, nats }: Users): Promise<void> {
  closeRedis(redis);
  await Promise.all([closePostgres(sql), closeNats(nats)]);
}

beforeAll(async () => {
  field = await openField();
  [api, admin, bd] = await Promise.all([openUsers('api'), openUsers('admin'), openUsers('client')]);
});
afterAll(async () => {
  await Promise.all([closeUsers(api), closeUsers(admin), closeUsers(bd)]);
  await field.close();
});

/** The SQLSTATE of a statement that changes nothing; `done` where it succeeds. */
async function outcomeOf({ sql }: Users, statement: string): Promise<string> {
  class Undone extends Error {}
  const undone = sql.begin(async (within) => {
    await within.unsafe(`SET LOCAL statement_timeout = '20s'`);
    await within.unsafe(filled(statement, field));
    throw new Undone();
  });
  return undone.then(
    () => 'committed',
    (error: unknown) =>
      error instanceof Undone ? 'done' : ((error as { code?: string }).code ?? ''),
  );
}

describe('Postgres refuses the API’s role to', () => {
  it.each(own.POSTGRES_BY_THE_API)('%s', async (_what, statement) => {
    expect(await outcomeOf(api, statement)).toBe('42501');
    expect(await outcomeOf(admin, statement)).toBe('done');
  });

  /** Of a sandbox's corpus, what concerns a neighbour's objects. */
  const neighbours = POSTGRES_ATTACKS.filter(
    ([name, attack]) => attack.includes('sandbox_{b}') && !own.NOT_BY_THE_API.includes(name),
  );
  it.each<PostgresAttack>(neighbours)('%s', async (_what, attack) => {
    expect(await outcomeOf(api, attack)).toBe('42501');
  });

  // Tables of later migrations, too. No row is touched, so that an operator's user succeeds.
  it('write any table of the control plane', async () => {
    const tables = await admin.sql<{ name: string; column: string; type: string }[]>`
      SELECT c.oid::regclass::text AS name, quote_ident(attname) AS column,
        atttypid::regtype::text AS type
      FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        AND attgenerated = '' AND attidentity = ''
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      ORDER BY 1, attnum`;
    const first = [...new Map(tables.toReversed().map((one) => [one.name, one])).values()];
    expect(first.length).toBeGreaterThan(12);
    for (const { name, column, type } of first) {
      for (const write of [
        `DELETE FROM ${name} WHERE false`,
        `UPDATE ${name} SET ${column} = NULL WHERE false`,
        `INSERT INTO ${name} (${column}) SELECT NULL::${type} WHERE false`,
      ]) {
        expect(await outcomeOf(api, write), write).toBe('42501');
        expect(await outcomeOf(admin, write), write).toBe('done');
      }
    }
  });
});

describe('Redis refuses the API’s user', () => {
  const corpus = [...REDIS_KEY_ATTACKS, ...REDIS_SCRIPT_ATTACKS, ...REDIS_SERVER_ATTACKS];
  // A wrong password is refused to everybody.
  const attacks = [...own.REDIS_BY_THE_API, ...corpus.map(([, attack]) => attack)].filter(
    (text) => !own.RIGHTS_OF_THE_API.includes(text) && !/\bAUTH\b/.test(text),
  );
  it.each(attacks)('%s', async (text) => {
    const [command = '', ...args] = words(filled(text, field));
    await expect(api.redis.call(command, ...args)).rejects.toThrow(
      // The server's settings refuse some of them before it looks at rights.
      /NOPERM|^ERR (DEBUG|MODULE) command not allowed/,
    );
    // Some stop the server: it says what it would do.
    expect(await admin.redis.call('ACL', 'DRYRUN', 'admin', command, ...args)).toBe('OK');
  });

  it('not PING, which it needs; `bd`’s user inspects', async () => {
    expect(await api.redis.call('PING')).toBe('PONG');
    expect(await bd.redis.call('HEXISTS', 'sandbox:registry', field.victim.id)).toBe(1);
    expect(await bd.redis.call('ACL', 'GETUSER', `sandbox_${field.victim.id}`)).not.toBeNull();
  });
});

describe('NATS refuses the API’s user', () => {
  /** The subject of the first permission error that `act` caused, or null. */
  async function refusal(nats: NatsConnection, act: () => void): Promise<string | null> {
    const status = nats.status();
    const seen = (async () => {
      for await (const { permissionContext } of status)
        if (permissionContext !== undefined) return permissionContext.subject;
      return null;
    })();
    act();
    // The server reports the error before it answers.
    await nats.flush();
    const late = setTimeout(() => (status as unknown as { stop(): void }).stop(), 20);
    return seen.finally(() => clearTimeout(late));
  }
  const nothing = { callback: () => undefined };

  const publish = [...NATS_PUBLISH, ...own.NATS_BY_THE_API].filter(
    (subject) => !own.RIGHTS_OF_THE_API.includes(subject),
  );
  it.each(publish)('what it publishes on %s', async (text) => {
    const subject = filled(text, field);
    expect(await refusal(api.nats, () => api.nats.publish(subject, 'x'))).toBe(subject);
    // Its own request is answered, and an operator's user is not refused a subject of its own.
    const asked = () =>
      api.nats.publish('SB.API.STREAM.INFO.ROUTED', '', { reply: '_INBOX_bd_api.x' });
    expect(await refusal(api.nats, asked)).toBeNull();
  });

  // The same subjects, with a name that no stream has: an operator's user may publish there.
  it.each(publish.filter((subject) => /^\$JS\.API\..*(ROUTED|RAW|KV_ROUTERS)/.test(subject)))(
    'alone: an operator’s may publish on %s of any stream',
    async (text) => {
      const subject = filled(text, field).replaceAll(/ROUTED|RAW|KV_ROUTERS/g, 'NONE');
      expect(await refusal(admin.nats, () => admin.nats.publish(subject, 'x'))).toBeNull();
      expect(await refusal(api.nats, () => api.nats.publish(subject, 'x'))).toBe(subject);
    },
  );

  it.each(own.NATS_BY_BD)('to ask %s, as `bd`’s user may', async (text) => {
    const subject = filled(text, field);
    expect(await refusal(bd.nats, () => bd.nats.publish(subject, ''))).toBeNull();
    expect(await refusal(api.nats, () => api.nats.publish(subject, ''))).toBe(subject);
  });

  it.each([...new Set([...NATS_SUBSCRIBE, ...NATS_QUEUES])])('to hear %s', async (text) => {
    const subject = filled(text, field);
    const hear = (nats: NatsConnection) => (): void => {
      nats.subscribe(subject, nothing).unsubscribe(1);
    };
    expect(await refusal(api.nats, hear(api.nats))).toBe(subject);
    expect(await refusal(admin.nats, hear(admin.nats))).toBeNull();
  });

  it.each(own.RIGHTS_OF_THE_API.filter((right) => !right.includes(' ')))(
    'not %s, which it needs',
    async (text) => {
      const subject = filled(text, field);
      // A wildcard is none when publishing, and names no consumer.
      expect(await refusal(api.nats, () => api.nats.publish(subject, '{}'))).toBeNull();
    },
  );
});

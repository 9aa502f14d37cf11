/**
 * The attack corpus on Postgres and Redis: one sandbox attacks another and the control plane. Each
 * refused attack has a positive control.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { postgresAs, redisAs, variable } from '../isolation/tenants.js';
import { stackState } from '../../support/stack.js';
import { filled, openField, type Field } from './field.js';
import { RAN } from './hostile-template.js';
import {
  OTHER_REFUSALS,
  POSTGRES_ATTACKS,
  POSTGRES_PREPARATION,
  POSTGRES_REFUSALS,
} from './postgres.js';
import { POSTGRES_SERVER_ATTACKS } from './postgres-server.js';
import { POSTGRES_POSSIBLE, POSTGRES_UNSEEN } from './postgres-visible.js';
import { REDIS_KEY_ATTACKS, REDIS_PREPARATION, REDIS_REFUSAL, words } from './redis.js';
import { REDIS_SCRIPT_ATTACKS, REDIS_SERVER_ATTACKS } from './redis-server.js';

const REDIS_ATTACKS = [...REDIS_KEY_ATTACKS, ...REDIS_SCRIPT_ATTACKS, ...REDIS_SERVER_ATTACKS];

let field: Field;
const refused = { Postgres: 0, Redis: 0 };
const POSTGRES_ALL = [...POSTGRES_ATTACKS, ...POSTGRES_SERVER_ATTACKS];
const tried = {
  Postgres: POSTGRES_ALL.length + POSTGRES_UNSEEN.length,
  Redis: REDIS_ATTACKS.length,
};

describe.each([
  ['the built-in template', false],
  ['a hostile template', true],
])('a sandbox of %s', (from, hostile) => {
  beforeAll(async () => {
    Object.assign(refused, { Postgres: 0, Redis: 0 });
    field = await openField({ hostile });
    await field.sql.query(POSTGRES_PREPARATION);
    for (const command of REDIS_PREPARATION) await redisCall(command);
  });
  afterAll(async () => {
    for (const server of ['Postgres', 'Redis'] as const)
      console.log(`${from}: attacks on ${server}: ${refused[server]} of ${tried[server]} refused`);
    await field.close();
  });

  if (hostile) gainsNothingByItsTemplate();
  isRefusedByPostgres();
  isRefusedByRedis();
});

const query = async (text: string): Promise<number | null> => {
  await field.sql.query('BEGIN');
  try {
    const { rowCount } = await field.sql.query(filled(text, field));
    await field.sql.query('COMMIT');
    return rowCount;
  } catch (error) {
    await field.sql.query('ROLLBACK');
    throw error;
  }
};
/** Runs outside a transaction: some statements refuse a transaction before they check rights. */
const queryAlone = (text: string) => field.sql.query(filled(text, field));
const needsTransaction = (text: string) => text.startsWith('LOCK');

function redisCall(text: string): Promise<unknown> {
  const [command = '', ...args] = words(filled(text, field));
  return field.redis.call(command, ...args);
}

function gainsNothingByItsTemplate(): void {
  it('had each attack refused while its template was made and applied', async () => {
    expect((await field.sql.query('TABLE loot')).rows).toEqual([{ attack: RAN }]);
    await field.sql.query('REFRESH MATERIALIZED VIEW loot');
    expect((await field.sql.query('TABLE loot')).rows).toEqual([{ attack: RAN }]);
  });

  it('has no function that runs with other rights', async () => {
    const { rows } = await field.sql.query(
      'SELECT DISTINCT prosecdef AS definer, proowner = current_user::regrole AS own FROM pg_proc WHERE pronamespace = current_schema::regnamespace',
    );
    expect(rows).toEqual([{ definer: false, own: true }]);
    const done: string[] = [];
    for (const [name, attack] of POSTGRES_ALL) {
      const run = field.sql.query('SELECT run($1)', [filled(attack, field)]);
      await run.then(
        () => done.push(name),
        () => undefined,
      );
    }
    expect(done).toEqual([]);
    await field.sql.query("SELECT run('CREATE TABLE by_function (); DROP TABLE by_function')");
  });
}

function isRefusedByPostgres(): void {
  describe('Postgres refuses to', () => {
    it.each(POSTGRES_ALL)('%s', async (name, attack, control) => {
      const run = needsTransaction(attack) ? query : queryAlone;
      const error: unknown = await run(attack).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, `${attack} succeeded`).not.toBeNull();
      const { code } = error as { code?: string };
      const expected = OTHER_REFUSALS[name];
      expect(expected === undefined ? POSTGRES_REFUSALS : [expected], String(error)).toContain(
        code,
      );
      await field.sql.query('ROLLBACK');
      if (/COPY .* TO STDOUT|SESSION|ROLE/.test(control)) await queryAlone(control);
      else await query(control);
      refused.Postgres += 1;
    });

    it.each(POSTGRES_UNSEEN)('show %s', async (_, attack, control) => {
      expect((await queryAlone(attack)).rows).toEqual([]);
      expect((await queryAlone(control)).rows).not.toEqual([]);
      refused.Postgres += 1;
    });

    /** Covers objects of later migrations, too. */
    it('give a sandbox anything in the control plane’s schemas', async () => {
      const admin = openPostgres(stackState().urls.admin.database, { name: 'test', max: 1 });
      // So that the names of types include their schema.
      await admin.unsafe('SET search_path = pg_catalog');
      const closed = `(nspname = 'public' OR nspname ~ '^bd_')`;
      const functions = await admin.unsafe<{ call: string }[]>(`
      SELECT format('SELECT %I.%I(%s)', nspname, proname,
        array_to_string(ARRAY(SELECT format('NULL::%s', t::regtype) FROM unnest(proargtypes) t), ', ')) AS call
      FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
      WHERE ${closed} AND prorettype <> 'trigger'::regtype`);
      const relations = await admin.unsafe<{ name: string; kind: string }[]>(`
      SELECT format('%I.%I', nspname, relname) AS name, relkind AS kind
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE ${closed} AND relkind IN ('r', 'v', 'm', 'p', 'S')`);
      await closePostgres(admin);
      expect(functions.length).toBeGreaterThan(20);
      expect(relations.length).toBeGreaterThan(5);
      const attacks = [
        ...functions.map(({ call }) => call),
        ...relations.flatMap(({ name, kind }) =>
          kind === 'S'
            ? [`SELECT nextval('${name}')`, `SELECT setval('${name}', 1)`]
            : [`TABLE ${name}`, `DELETE FROM ${name}`, `TRUNCATE ${name}`, `LOCK TABLE ${name}`],
        ),
      ];
      const open: string[] = [];
      for (const attack of attacks) {
        const code = await (needsTransaction(attack) ? query : queryAlone)(attack).then(
          () => 'done',
          (error: unknown) => (error as { code?: string }).code,
        );
        if (code !== '42501') open.push(`${attack}: ${code}`);
      }
      expect(open).toEqual([]);
      expect(await query('SELECT own()')).toBe(1);
    });
  });

  it('Postgres only warns of a GRANT on a schema, and gives no access by it', async () => {
    const theirs = await postgresAs(field.victim.env);
    try {
      await queryAlone('GRANT USAGE ON SCHEMA sandbox_{a} TO sandbox_{b}');
      // A sandbox may share its own table. The grant is useless, since the schema stays closed.
      await queryAlone('GRANT SELECT ON sandbox_{a}.communities TO sandbox_{b}');
      await expect(theirs.query(filled('TABLE sandbox_{a}.communities', field))).rejects.toThrow(
        /permission denied for schema/,
      );
    } finally {
      await theirs.end();
    }
  });

  it.each(POSTGRES_POSSIBLE)('Postgres lets a sandbox %s, as documented', async (_, text) => {
    expect(await query(text)).toBeGreaterThan(0);
  });
}

function isRefusedByRedis(): void {
  describe('Redis refuses to', () => {
    it.each(REDIS_ATTACKS)('%s', async (_, attack, control) => {
      await expect(redisCall(attack)).rejects.toThrow(REDIS_REFUSAL);
      await redisCall(control);
      refused.Redis += 1;
    });
  });

  it('Redis gives no access after RESET, which makes the connection the default user’s', async () => {
    const own = await redisAs(field.attacker.env);
    try {
      expect(await own.call('RESET')).toBe('RESET');
      await expect(own.get(filled('sandbox:{a}:k', field))).rejects.toThrow(/NOAUTH/);
      await expect(own.call('AUTH', 'default', '')).rejects.toThrow(/WRONGPASS/);
      const { username, password } = new URL(variable(field.attacker.env, 'REDIS_URL'));
      expect(await own.call('AUTH', username, password)).toBe('OK');
      expect(await own.get(filled('sandbox:{a}:k', field))).not.toBeNull();
    } finally {
      own.disconnect();
    }
  });
}

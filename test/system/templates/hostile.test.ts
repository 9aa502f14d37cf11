/** Templates whose text tries to get more than the rights of a sandbox, or to stop the product. */
import { customAlphabet } from 'nanoid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openDirectControl } from '../../../control/direct-control.js';
import type { Control } from '../../../domain/control.js';
import { openAdmin, openClient, someOwner, stackConfig, stackState } from '../../support/stack.js';
import { openTenantSql } from '../../support/tenant.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 10);
const file = (sql: string) => [{ name: 'hostile.sql', sql }];

/** Each expression runs while the template is made, or while a sandbox is. */
const SPIES: readonly (readonly [string, string])[] = [
  [
    'a default of a generated column',
    'CREATE TABLE t (a int, b text GENERATED ALWAYS AS (spy()) STORED)',
  ],
  [
    'a partition bound',
    'CREATE TABLE t (a text) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (spy())',
  ],
  ['a materialised view', 'CREATE MATERIALIZED VIEW m AS SELECT spy() AS who'],
  [
    'an index on an expression',
    "CREATE TABLE t (a text); INSERT INTO t VALUES ('x'); CREATE INDEX i ON t ((a || spy()))",
  ],
  [
    'a check of a domain',
    "CREATE DOMAIN d AS text CHECK (VALUE || spy() <> ''); CREATE TABLE t (a d DEFAULT 'x'); INSERT INTO t DEFAULT VALUES",
  ],
  [
    'an event of a view named like ours',
    'CREATE VIEW pg_class AS SELECT spy() AS who; CREATE VIEW v AS SELECT * FROM pg_class',
  ],
];

const SPY = `CREATE FUNCTION spy() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN
    IF session_user !~ '^sandbox_sb' OR current_user <> session_user
      OR (SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = session_user) THEN
      RAISE EXCEPTION 'ran as % of %', current_user, session_user;
    END IF;
    RETURN 'x';
  END $$;`;

describe('the text of a template', () => {
  let client: Control;
  /** Begins first: it ends after the 30 s of `statement_timeout`, beside the other tests. */
  let endless: Promise<unknown>;
  beforeAll(() => {
    client = openDirectControl(stackConfig());
    endless = client
      .addTemplate({ name: `t-${letters()}`, files: file('SELECT pg_sleep(600)') })
      .catch((error: unknown) => error);
  });
  afterAll(() => client.close());

  it.each(SPIES)('runs as the sandbox’s role: %s', async (_, sql) => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const name = `t-${letters()}`;
    await client.addTemplate({ name, files: file(`${SPY} ${sql}`) });
    onTestFinished(async () => {
      await client.removeTemplate(name);
    });
    const sandbox = await client.create({ template: name });
    await client.reset(sandbox.id);
    await client.destroy(sandbox.id);
    await client.waitUntilDestroyed(sandbox.id);
    // The control: outside of a sandbox the spy raises.
    const admin = openAdmin();
    await expect(
      admin.begin(async (tx) => {
        await tx.unsafe(`CREATE SCHEMA spied; SET LOCAL search_path = spied; ${SPY}`);
        await tx`SELECT spied.spy()`;
      }),
    ).rejects.toThrow(/ran as/);
  });

  it.each([
    [
      'a trigger on the server’s events',
      'CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION e()',
    ],
    ['a language that is not trusted', "CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'x', 'y'"],
    ['a table of the control plane', 'CREATE VIEW v AS SELECT * FROM public.sandboxes'],
    ['another sandbox’s password', "ALTER ROLE bd_worker PASSWORD 'x'"],
    ['the end of its transaction', 'COMMIT; DROP SCHEMA public CASCADE'],
    ['a program', "COPY (SELECT 1) TO PROGRAM 'true'"],
  ])('gets no right: %s', async (_, sql) => {
    const adding = openClient().addTemplate({ name: `t-${letters()}`, files: file(sql) });
    await expect(adding).rejects.toMatchObject({
      code: 'SANDBOX_008',
      message: expect.stringMatching(
        /permission denied|must be (owner|superuser)|not allowed/,
      ) as string,
    });
  });

  it('that changes its own role’s password and settings changes nothing for the sandbox', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const name = `t-${letters()}`;
    // A copy has no rows: so only a sandbox does it, not the making of the template.
    const sql = `CREATE TABLE seen (a int); INSERT INTO seen VALUES (1);
      CREATE FUNCTION own() RETURNS int LANGUAGE plpgsql AS $$
        DECLARE rows int;
        BEGIN
          EXECUTE format('SELECT count(*) FROM %I.seen', session_user) INTO rows;
          IF rows = 0 THEN
            EXECUTE format('ALTER ROLE %I PASSWORD %L', session_user, 'known');
            EXECUTE format('ALTER ROLE %I SET search_path = pg_catalog', session_user);
          END IF;
          RETURN rows;
        END $$;
      CREATE MATERIALIZED VIEW m AS SELECT own() AS rows`;
    await client.addTemplate({ name, files: file(sql) });
    const { id } = await client.create({ template: name });
    const { DATABASE_URL = '' } = (await client.connection(id)).environment;
    const tenant = await openTenantSql(DATABASE_URL);
    expect((await tenant.query('SELECT rows FROM m')).rows).toEqual([{ rows: 0 }]);
    const known = new URL(DATABASE_URL);
    known.password = 'known';
    await expect(openTenantSql(known.href)).rejects.toMatchObject({ code: '28P01' });
    await client.destroy(id);
    await client.removeTemplate(name);
  });

  it('with names of every kind is copied as it is', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const name = `t-${letters()}`;
    const odd = ['"a""b"', '"select"', '"Ä ö"', `"${'x'.repeat(63)}"`, '"$1 %s"', '"a.b"'];
    const sql = odd.map((one) => `CREATE TABLE ${one} (${one} int PRIMARY KEY);`).join('\n');
    await client.addTemplate({ name, files: file(sql) });
    const { id } = await client.create({ template: name });
    const { environment } = await client.connection(id);
    const tenant = await openTenantSql(environment.DATABASE_URL ?? '');
    for (const one of odd)
      expect((await tenant.query(`SELECT ${one} FROM ${one}`)).rows).toEqual([]);
    await client.destroy(id);
    await client.removeTemplate(name);
  });

  it('is read without a right: a secret of another schema is no part of it', async () => {
    const admin = openAdmin();
    const schema = `team_${letters()}`;
    await admin.unsafe(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.t (secret text DEFAULT 'x');
      INSERT INTO ${schema}.t VALUES ('of production'); REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`);
    onTestFinished(async () => {
      await admin.unsafe(`DROP SCHEMA ${schema} CASCADE`);
    });
    const client = openClient();
    const name = `t-${letters()}`;
    await client.addTemplate({ name, schema });
    const template = await client.getTemplate(name);
    expect(JSON.stringify(template)).not.toContain('of production');
    await client.removeTemplate(name);
    expect(stackState().urls.worker.database).toContain('bd_worker');
  });

  it('that waits for ever is ended, and named', async () => {
    expect(await endless).toMatchObject({
      code: 'SANDBOX_008',
      message: expect.stringMatching(/hostile\.sql.*statement timeout/) as string,
    });
  });

  it('of 10,000 tables is refused, and leaves nothing', async () => {
    // Its schema is there until then.
    await endless;
    const admin = openAdmin();
    const many = Array.from({ length: 10_000 }, (_, n) => `CREATE TABLE t${n} ();`).join('\n');
    const adding = openClient().addTemplate({ name: `t-${letters()}`, files: file(many) });
    // Of the server or of the lock guard, whichever comes first.
    await expect(adding).rejects.toMatchObject({
      code: 'SANDBOX_008',
      message: expect.stringMatching(
        /^hostile\.sql: (its session was ended|out of shared)/,
      ) as string,
    });
    const left = await admin`SELECT nspname FROM pg_namespace n WHERE nspname ~ '^sandbox_sb'
      AND NOT EXISTS (SELECT 1 FROM sandboxes s WHERE 'sandbox_' || s.id = nspname)`;
    expect(left).toEqual([]);
  });
});

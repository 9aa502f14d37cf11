/** Templates of a team's own schema, from SQL files and from a live schema. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { customAlphabet } from 'nanoid';
import type { Control } from '../../../domain/control.js';
import { openAdmin, openClient, someName, someOwner } from '../../support/stack.js';
import { openTenantSql } from '../../support/tenant.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 10);

const FILES = [
  { name: '001.sql', sql: `CREATE TYPE mood AS ENUM ('good', 'bad');` },
  {
    name: '002.sql',
    sql: `CREATE FUNCTION is_fine(m mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT m = 'good' $$;
      CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood NOT NULL CHECK (is_fine(mood)));
      CREATE TABLE pets (id serial PRIMARY KEY, owner bigint NOT NULL REFERENCES people);
      CREATE VIEW owners AS SELECT p.id, count(*) AS pets FROM people p JOIN pets ON owner = p.id GROUP BY p.id;`,
  },
];

/** Removed when the test ends. */
async function added(
  client: Control,
  from: { schema: string } | { files: typeof FILES },
): Promise<string> {
  const name = `t-${letters()}`;
  await client.addTemplate({ name, ...from });
  onTestFinished(async () => {
    await client.removeTemplate(name).catch(() => undefined);
  });
  return name;
}

async function sqlOf(client: Control, sandboxId: string) {
  const { environment } = await client.connection(sandboxId);
  return openTenantSql(environment.DATABASE_URL ?? '');
}

async function relationsOf(client: Control, sandboxId: string): Promise<string[]> {
  const sql = await sqlOf(client, sandboxId);
  const { rows } = await sql.query<{ name: string }>(
    `SELECT relname || ' ' || pg_get_userbyid(relowner) AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

describe('a template of SQL files', () => {
  it('is what a sandbox begins with, keeps through a reset, and shows', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const name = await added(client, { files: FILES });
    const sandbox = await client.create({ name: someName(), template: name });
    onTestFinished(async () => {
      await client.destroy(sandbox.id);
    });
    expect(sandbox).toMatchObject({ template: name, templateVersion: 1 });
    const role = sandbox.schema;
    const relations = [`owners ${role}`, `people ${role}`, `pets ${role}`];
    expect(await relationsOf(client, sandbox.id)).toEqual(relations);
    const sql = await sqlOf(client, sandbox.id);
    await sql.query(
      `INSERT INTO people (mood) VALUES ('good'); INSERT INTO pets (owner) VALUES (1)`,
    );
    await expect(sql.query(`INSERT INTO people (mood) VALUES ('bad')`)).rejects.toThrow(/check/);
    const { rows } = await sql.query('SELECT * FROM owners');
    expect(rows).toEqual([{ id: '1', pets: '1' }]);

    await client.reset(sandbox.id);
    expect(await relationsOf(client, sandbox.id)).toEqual(relations);
    const again = await sqlOf(client, sandbox.id);
    expect((await again.query('SELECT * FROM people')).rows).toEqual([]);
    expect(await client.get(sandbox.id)).toMatchObject({ template: name, templateVersion: 1 });
  });

  it('has versions: a new one changes no sandbox that is there', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const name = await added(client, { files: FILES });
    const first = await client.create({ template: name });
    onTestFinished(async () => {
      await client.destroy(first.id);
    });
    await client.addTemplate({
      name,
      files: [{ name: 'x.sql', sql: 'CREATE TABLE other (id int)' }],
    });
    await client.reset(first.id);
    expect(await relationsOf(client, first.id)).toHaveLength(3);
    const second = await client.create({ template: name });
    onTestFinished(async () => {
      await client.destroy(second.id);
    });
    expect(second.templateVersion).toBe(2);
    expect(await relationsOf(client, second.id)).toEqual([`other ${second.schema}`]);
    await client.removeTemplate(name);
    await client.reset(first.id);
    expect(await relationsOf(client, first.id)).toHaveLength(3);
    await expect(client.create({ template: name })).rejects.toMatchObject({ code: 'SANDBOX_004' });
  });

  it.each([
    ['a syntax error', 'CREATE TABLE x (id int);\nCREATE TABEL y ();', /bad\.sql, line 2/],
    ['an extension', 'CREATE EXTENSION postgres_fdw', /permission denied/],
    ['another schema', 'CREATE TABLE public.x (id int)', /permission denied for schema public/],
    ['a role', 'CREATE ROLE eve', /permission denied/],
  ])('is refused for %s, and leaves nothing', async (_, sql, message) => {
    const client = openClient();
    const admin = openAdmin();
    const name = `t-${letters()}`;
    const scratches = () => admin`SELECT nspname FROM pg_namespace n WHERE nspname ~ '^sandbox_sb'
      AND NOT EXISTS (SELECT 1 FROM sandboxes s WHERE 'sandbox_' || s.id = nspname)`;
    const before = await scratches();
    await expect(
      client.addTemplate({ name, files: [{ name: 'bad.sql', sql }] }),
    ).rejects.toMatchObject({
      code: 'SANDBOX_008',
      message: expect.stringMatching(message) as string,
    });
    expect(await scratches()).toEqual(before);
    await expect(client.getTemplate(name)).rejects.toMatchObject({ code: 'SANDBOX_004' });
  });
});

it('the template empty has no table, also after a reset', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ name: someName(), template: 'empty' });
  onTestFinished(async () => {
    await client.destroy(id);
  });
  expect(await relationsOf(client, id)).toEqual([]);
  await (await sqlOf(client, id)).query('CREATE TABLE mine (id int)');
  await client.reset(id);
  expect(await relationsOf(client, id)).toEqual([]);
});

describe('a template of a schema', () => {
  it('has the same objects, and none of the rows', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const admin = openAdmin();
    const schema = `team_${letters()}`;
    await admin.unsafe(`CREATE SCHEMA ${schema}; SET search_path = ${schema};
      ${FILES.map(({ sql }) => sql).join('\n')}
      INSERT INTO people (mood) VALUES ('good'); RESET search_path`);
    onTestFinished(async () => {
      await admin.unsafe(`DROP SCHEMA ${schema} CASCADE`);
    });
    const name = await added(client, { schema });
    const { text, source, tables } = await client.getTemplate(name);
    expect([source, tables]).toEqual([{ kind: 'schema', schema }, 2]);
    expect(JSON.stringify(text)).not.toContain(schema);
    const sandbox = await client.create({ template: name });
    onTestFinished(async () => {
      await client.destroy(sandbox.id);
    });
    expect(await relationsOf(client, sandbox.id)).toHaveLength(3);
    const sql = await sqlOf(client, sandbox.id);
    expect((await sql.query('SELECT * FROM people')).rows).toEqual([]);
  });

  it.each(['public', 'pg_catalog', 'information_schema', 'sandbox_x', 'pg_toast'])(
    'is refused for %s',
    async (schema) => {
      const adding = openClient().addTemplate({ name: `t-${letters()}`, schema });
      await expect(adding).rejects.toMatchObject({ code: 'SANDBOX_008' });
    },
  );
});

/** Templates whose making or applying stopped half-way, and what the sweep then finds and mends. */
import { customAlphabet } from 'nanoid';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signalService } from '../../../deploy/stack/index.js';
import type { Control } from '../../../domain/control.js';
import { newSandboxId, parseSandboxId } from '../../../domain/names.js';
import type { Sql } from '../../../platform/postgres.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someName,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';
import { openTenantSql } from '../../support/tenant.js';

const idLetters = (length: number): string =>
  customAlphabet('abcdefghijklmnopqrstuvwxyz', length)();

/** The view is filled last, in the second transaction, and waits for the key. */
const waitingFor = (key: number): string => `${TABLES}
  CREATE FUNCTION wait() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(${key}); RETURN 1; END $$;
  CREATE MATERIALIZED VIEW last AS SELECT wait()`;
const TABLES = Array.from({ length: 120 }, (_, n) => `CREATE TABLE t${n} (id int);`).join(' ');
const someKey = (): number => Math.floor(Math.random() * 2 ** 31);
const PLAIN = 'CREATE TABLE first (id int); CREATE MATERIALIZED VIEW last AS SELECT 1 AS one';

async function added(client: Control, sql: string): Promise<string> {
  const { name } = await client.addTemplate({ name: someName(), files: [{ name: '1.sql', sql }] });
  onTestFinished(async () => {
    await client.removeTemplate(name).catch(() => undefined);
  });
  return name;
}

const leftovers = (sandboxId: string) => leftoversOf(stackState().urls.admin, sandboxId);

/** Ids of schemas without a sandbox. */
async function scratches(admin: Sql): Promise<string[]> {
  const rows = await admin<{ id: string }[]>`
    SELECT substr(nspname, 9) AS id FROM pg_namespace WHERE nspname ~ '^sandbox_sb[a-z0-9]{10}$'
      AND NOT EXISTS (SELECT 1 FROM sandboxes s WHERE 'sandbox_' || s.id = nspname)`;
  return rows.map(({ id }) => id);
}

async function relationsOf(client: Control, sandboxId: string): Promise<string[]> {
  const { environment } = await client.connection(sandboxId);
  const sql = await openTenantSql(environment.DATABASE_URL ?? '');
  const { rows } = await sql.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace
     AND relkind IN ('r', 'm') AND relowner = current_user::regrole ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function terminate(workflowId: string): Promise<void> {
  const { client } = await openRunTemporal();
  await client.workflow.getHandle(workflowId).terminate('by a person');
}

/** Held until `work` ends. */
const holding = <T>(admin: Sql, key: number, work: () => Promise<T>) =>
  admin.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${key})`;
    return work();
  });

const waitsFor = (admin: Sql, key: number) =>
  until('the text of the template runs', async () => {
    const [row] = await admin`SELECT 1 FROM pg_locks
      WHERE locktype = 'advisory' AND objid = ${key} AND NOT granted`;
    return row ?? null;
  });

describe('the making of a template whose worker is killed', () => {
  it('is repeated by the next worker; the sweep removes the scratch schema, role and session', async () => {
    const [client, admin] = [openClient(), openAdmin()];
    const before = await scratches(admin);
    const news = async () => (await scratches(admin)).filter((id) => !before.includes(id));
    const [name, key] = [someName(), someKey()];
    let adding: Promise<unknown> = Promise.resolve();
    await holding(admin, key, async () => {
      const files = [{ name: '1.sql', sql: waitingFor(key) }];
      adding = client.addTemplate({ name, files });
      adding.catch(() => undefined);
      await waitsFor(admin, key);
      await signalService(stackConfig(), 'worker', 'SIGKILL');
    });
    expect(await adding).toMatchObject({ name, version: 1, tables: 120 });
    await client.removeTemplate(name);
    // The second attempt has removed its own.
    const [left = '', ...more] = await news();
    expect(more).toEqual([]);
    const { orphans } = await client.sweep({ dryRun: false });
    const found = orphans.map(({ sandboxId, kind, removed }) => [sandboxId, kind, removed]);
    expect(found.sort()).toEqual([
      [left, 'role', true],
      [left, 'schema', true],
    ]);
    expect(await leftovers(left)).toEqual([]);
  });
});

describe('a sandbox whose template is half applied', () => {
  it('is not running, and if its workflow is gone the sweep removes all of it', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const admin = openAdmin();
    const key = someKey();
    const template = await added(client, waitingFor(key));
    const sandboxId = newSandboxId(idLetters);
    await holding(admin, key, async () => {
      await client.create({ sandboxId, template, wait: false });
      await waitsFor(admin, key);
      const tables =
        await admin`SELECT 1 FROM pg_tables WHERE schemaname = ${`sandbox_${sandboxId}`}`;
      expect(tables.length).toBeGreaterThan(0);
      const { status, workflowId } = await client.get(sandboxId);
      expect(status).toBe('creating');
      await terminate(workflowId);
      const { revived } = await client.sweep({ dryRun: false, sandboxId });
      expect(revived).toEqual([{ sandboxId, status: 'creating', as: 'cleanUp' }]);
      await client.waitUntilDestroyed(sandboxId);
    });
    expect(await leftovers(sandboxId)).toEqual([]);
  });

  it('in a reset whose workflow is gone: the sweep finishes it', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const admin = openAdmin();
    const { id, workflowId } = await client.create({ template: await added(client, PLAIN) });
    // What a reset does before the template's text runs, and half of the text.
    await admin`UPDATE sandboxes SET rotation = 1 WHERE id = ${id}`;
    const [verifier] = await admin<{ text: string }[]>`
      SELECT rolpassword AS text FROM pg_authid WHERE rolname = ${`sandbox_${id}`}`;
    await admin`SELECT reset_sandbox_schema(${id}, 1, ${verifier?.text ?? ''})`;
    await admin.unsafe(`CREATE TABLE sandbox_${id}.first (half int);
      ALTER TABLE sandbox_${id}.first OWNER TO sandbox_${id}`);
    expect(JSON.stringify(await client.status(id))).toMatch(/template test-\w+ is not complete/);
    await terminate(workflowId);
    await client.sweep({ dryRun: false, sandboxId: parseSandboxId(id) });
    await until('healthy again', async () => (await client.status(id)).health === 'healthy');
    expect(await relationsOf(client, id)).toEqual(['first', 'last']);
    const { environment } = await client.connection(id);
    const sql = await openTenantSql(environment.DATABASE_URL ?? '');
    expect((await sql.query('SELECT id FROM first')).rows).toEqual([]);
    await client.destroy(id);
  });
});

it('a repair makes a lost schema again from the sandbox’s own version of its template', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const admin = openAdmin();
  const template = await added(client, PLAIN);
  const { id } = await client.create({ template });
  await client.addTemplate({
    name: template,
    files: [{ name: '2.sql', sql: 'CREATE TABLE other ()' }],
  });
  await admin.unsafe(`DROP SCHEMA sandbox_${id} CASCADE`);
  const mend = async () => {
    const { repaired } = await client.sweep({ dryRun: false, repair: true });
    expect(repaired.find(({ sandboxId }) => sandboxId === id)).toEqual({ sandboxId: id });
    expect(await relationsOf(client, id)).toEqual(['first', 'last']);
  };
  await mend();
  expect(await client.status(id)).toMatchObject({ health: 'healthy' });
  // A second repair changes nothing.
  const { environment } = await client.connection(id);
  const sql = await openTenantSql(environment.DATABASE_URL ?? '');
  await sql.query('INSERT INTO first VALUES (1)');
  await mend();
  expect((await sql.query('SELECT id FROM first')).rows).toEqual([{ id: 1 }]);
  await client.destroy(id);
});

it('an old version of a template goes with the last sandbox that has it', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const admin = openAdmin();
  const template = await added(client, PLAIN);
  const versions = async () => {
    const rows = await admin`SELECT version FROM sandbox_templates WHERE name = ${template}`;
    return rows.map(({ version }) => version as number);
  };
  const made = [await client.create({ template }), await client.create({ template })];
  await client.removeTemplate(template);
  for (const { id } of made) {
    expect(await versions()).toEqual([1]);
    await client.destroy(id);
    await client.waitUntilDestroyed(id);
  }
  expect(await versions()).toEqual([]);
});

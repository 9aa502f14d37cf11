import { describe, expect, it } from 'vitest';
import { customAlphabet } from 'nanoid';
import { migrate } from '../../../migrate/index.js';
import { migratePostgres, pendingMigrations, readMigrations } from '../../../migrate/postgres.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { addressesFor } from '../../../platform/stack-file.js';
import { openAdmin, stackConfig, stackState } from '../../support/stack.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 8);

/** A database of its own on the run's Postgres; dropped afterwards. */
async function inFreshDatabase(work: (url: string, sql: Sql) => Promise<void>): Promise<void> {
  const admin = openPostgres(stackState().urls.admin.database, { name: 'test', max: 1 });
  const name = `fresh_${letters()}`;
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(stackState().urls.admin.database);
  url.pathname = `/${name}`;
  const sql = openPostgres(url.href, { name: 'test', max: 4 });
  try {
    await work(url.href, sql);
  } finally {
    await closePostgres(sql);
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    await closePostgres(admin);
  }
}

const allNames = readMigrations().map(({ name }) => name);

describe('migrations', () => {
  it('apply once, from two processes at once, and change nothing the second time', async () => {
    await inFreshDatabase(async (url, sql) => {
      const [a, b] = await Promise.all([migratePostgres(url), migratePostgres(url)]);
      expect([...a, ...b].sort()).toEqual(allNames);
      expect(await migratePostgres(url)).toEqual([]);
      expect(await pendingMigrations(sql)).toEqual([]);
    });
  });

  it('refuse a file that was changed after it had been applied', async () => {
    await inFreshDatabase(async (url, sql) => {
      await migratePostgres(url);
      await sql`UPDATE sandbox_migrations SET checksum = 'other' WHERE name = ${allNames[0] ?? ''}`;
      await expect(migratePostgres(url)).rejects.toMatchObject({ code: 'SANDBOX_007' });
    });
  });

  it('work with the role arrakis_app, which then reaches the plain schemas', async () => {
    const admin = openAdmin();
    await admin`CREATE ROLE arrakis_app NOLOGIN`;
    try {
      await inFreshDatabase(async (url, sql) => {
        await migratePostgres(url);
        await sql`SELECT create_sandbox_schema('test123')`;
        const [row] = await sql<{ may: boolean }[]>`
          SELECT has_table_privilege('arrakis_app', 'sandbox_test123.profiles', 'INSERT') AS may`;
        expect(row?.may).toBe(true);
      });
    } finally {
      await admin`DROP OWNED BY arrakis_app`;
      await admin`DROP ROLE arrakis_app`;
    }
  });

  it('leave every server as `bd migrate --check` wants it', async () => {
    const config = stackConfig();
    expect((await migrate(addressesFor(config, 'admin'), config, { check: true })).changes).toEqual(
      [],
    );
  });
});

describe('the services', () => {
  it('connect as roles that are no superusers, make no roles and belong to no pg_* role', async () => {
    for (const role of ['worker', 'router', 'client', 'api'] as const) {
      const sql = openPostgres(stackState().urls[role].database, { name: 'test', max: 1 });
      const [row] = await sql<
        { name: string; super: boolean; createrole: boolean; member: boolean }[]
      >`
        SELECT rolname AS name, rolsuper AS super, rolcreaterole AS createrole,
          EXISTS (SELECT 1 FROM pg_roles p WHERE p.rolname LIKE 'pg\\_%' AND pg_has_role(r.oid, p.oid, 'MEMBER')) AS member
        FROM pg_roles r WHERE rolname = current_user`;
      await closePostgres(sql);
      expect(row).toEqual({ name: `bd_${role}`, super: false, createrole: false, member: false });
    }
  });

  it('have an owner of their functions that nobody can log in as', async () => {
    const [row] = await openAdmin()<{ login: boolean }[]>`
      SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = 'bd_control'`;
    expect(row?.login).toBe(false);
  });
});

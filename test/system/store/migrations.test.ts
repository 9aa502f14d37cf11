import { describe, expect, it } from 'vitest';
import { migrate } from '../../../migrate/index.js';
import {
  checkPostgres,
  migratePostgres,
  pendingMigrations,
  readMigrations,
} from '../../../migrate/postgres.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { addressesFor } from '../../../platform/stack-file.js';
import { inFreshDatabase } from '../../support/fresh-database.js';
import { openAdmin, stackConfig, stackState } from '../../support/stack.js';

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

  it('refuse a database from before the squash at once, name a remedy, and change nothing', async () => {
    await inFreshDatabase(async (url, sql) => {
      await sql`CREATE TABLE sandbox_migrations (
        name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;
      await sql`INSERT INTO sandbox_migrations (name, checksum)
        VALUES ('001_roles.sql', 'a'), ('010_router_installation.sql', 'b')`;
      const refused = {
        code: 'SANDBOX_008',
        message: expect.stringContaining('001_roles.sql') as string,
        hint: expect.stringMatching(/`bd dev down --purge`.*`bd migrate`/) as string,
      };
      const since = performance.now();
      await expect(migratePostgres(url)).rejects.toMatchObject(refused);
      await expect(checkPostgres(url)).rejects.toMatchObject(refused);
      expect(performance.now() - since).toBeLessThan(5_000);
      expect(await sql`SELECT name FROM sandbox_migrations ORDER BY name`).toMatchObject([
        { name: '001_roles.sql' },
        { name: '010_router_installation.sql' },
      ]);
      expect(await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`).toHaveLength(
        1,
      );
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

  it('leave every server as `bd migrate --check` expects it', async () => {
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

  it('have an owner of their functions without a login', async () => {
    const [row] = await openAdmin()<{ login: boolean }[]>`
      SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = 'bd_control'`;
    expect(row?.login).toBe(false);
  });
});

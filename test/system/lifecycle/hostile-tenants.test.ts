import { describe, expect, it } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openAdmin, openClient, someOwner, stackState } from '../../support/stack.js';
import { openTenant, openTenantSql } from '../../support/tenant.js';

const MINUTES = 240_000;

describe('a hostile tenant does not stop a clean-up', () => {
  it('with open transactions, locks, grants, large objects, a changed password, keys and connections', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [sandbox, neighbour] = [
      await client.create({ ttl: '1h' }),
      await client.create({ ttl: '1h' }),
    ];
    const tenant = await openTenant(client, sandbox.id);
    const other = await openTenant(client, neighbour.id);
    await other.sql.query(
      `GRANT ALL ON ALL TABLES IN SCHEMA "sandbox_${neighbour.id}" TO "sandbox_${sandbox.id}"`,
    );
    await tenant.sql.query(`GRANT ALL ON communities TO "sandbox_${neighbour.id}"`);
    await tenant.sql.query(`SELECT lo_create(0) FROM generate_series(1, 50)`);
    await tenant.sql.query(
      'CREATE VIEW v AS SELECT * FROM communities; CREATE MATERIALIZED VIEW m AS SELECT 1 AS x',
    );
    await tenant.sql.query(
      `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE e AS ENUM ('a')`,
    );
    await tenant.sql.query(
      'CREATE TABLE "quoted "" name" (x serial); CREATE TABLE part (x int) PARTITION BY LIST (x); CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1)',
    );
    const batch = Array.from({ length: 5_000 }, (_, i) => `h:${i}`).flatMap((key) => [
      `sandbox:${sandbox.id}:${key}`,
      'x',
    ]);
    await tenant.redis.mset(...batch);
    await tenant.sql.query(
      `ALTER ROLE "sandbox_${sandbox.id}" PASSWORD 'changed'; ALTER ROLE "sandbox_${sandbox.id}" SET statement_timeout = 0`,
    );
    const url = new URL(tenant.env.DATABASE_URL ?? '');
    url.password = 'changed';
    const locker = await openTenantSql(url.href);
    await locker.query(
      'BEGIN; LOCK TABLE communities IN ACCESS EXCLUSIVE MODE; SELECT pg_advisory_lock(1)',
    );

    await client.destroy(sandbox.id);
    const ended = await client.waitUntilDestroyed(parseSandboxId(sandbox.id));
    expect(ended.status).toBe('destroyed');
    expect(await leftoversOf(stackState().urls.admin, sandbox.id)).toEqual([]);
    await expect(locker.query('SELECT 1')).rejects.toThrow();
    await expect(openTenantSql(url.href)).rejects.toThrow();
    expect((await other.sql.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.destroy(neighbour.id);
    await client.waitUntilDestroyed(parseSandboxId(neighbour.id));
    expect(await leftoversOf(stackState().urls.admin, neighbour.id)).toEqual([]);
    expect(
      await openAdmin()`SELECT 1 FROM pg_largeobject_metadata m LEFT JOIN pg_roles r ON r.oid = m.lomowner WHERE r.oid IS NULL`,
    ).toHaveLength(0);
  });

  it(
    'with 5,000 tables',
    async () => {
      const client = openClient({ SANDBOX_OWNER: someOwner() });
      const { id } = await client.create({ ttl: '1h' });
      const { sql } = await openTenant(client, id);
      for (let start = 0; start < 5_000; start += 500) {
        const tables = Array.from({ length: 500 }, (_, i) => `CREATE TABLE t${start + i} (x int)`);
        await sql.query(tables.join(';'));
      }
      await client.destroy(id);
      expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('destroyed');
      expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
    },
    MINUTES,
  );

  it('with thousands of objects that depend on one: no transaction takes more than its share of the lock table', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    const { sql } = await openTenant(client, id);
    const all = (count: number, statement: string): Promise<unknown> =>
      sql.query(
        `DO $do$ BEGIN FOR i IN 1..${count} LOOP EXECUTE format(${statement}); END LOOP; END $do$`,
      );
    await all(4_000, `'CREATE FUNCTION f%s(communities) RETURNS int RETURN 1', i`);
    // Each view selects from the next one, so dropping the last view drops all of them.
    await all(451, `'CREATE VIEW v%s AS SELECT 1 AS a', i`);
    await all(450, `'CREATE OR REPLACE VIEW v%s AS SELECT a FROM v%s', i, i + 1`);
    await sql.query('CREATE TABLE parts (x int PRIMARY KEY, y text) PARTITION BY LIST (x)');
    await all(130, `'CREATE TABLE parts%s PARTITION OF parts FOR VALUES IN (%s)', i, i`);

    const locks: number[] = [];
    for (let dropped = 1; dropped > 0;) {
      await openAdmin().begin(async (tx) => {
        const [did] = await tx<{ n: number }[]>`SELECT drop_sandbox_objects(${id}, 200) AS n`;
        const [held] = await tx<{ n: number }[]>`
          SELECT count(*)::int AS n FROM pg_locks WHERE pid = pg_backend_pid()`;
        dropped = did?.n ?? 0;
        locks.push(held?.n ?? Infinity);
      });
    }
    expect(Math.max(...locks)).toBeLessThan(3_500);
    await client.destroy(id);
    expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('destroyed');
    expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../../unit/domain/hostile.js';
import { openAdmin } from '../../support/stack.js';

const column = async (sql: ReturnType<typeof openAdmin>, schema: string): Promise<string[]> => {
  const rows = await sql<{ column: string }[]>`
    SELECT table_name || '.' || column_name AS column FROM information_schema.columns WHERE table_schema = ${schema}`;
  return rows.map((row) => row.column);
};

describe('the schema functions', () => {
  it('pass the original plan’s own check', async () => {
    const sql = openAdmin();
    await sql`SELECT create_sandbox_schema('test123')`;
    const tables =
      await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'sandbox_test123' ORDER BY 1`;
    expect(tables.map((row) => row.tablename as string)).toEqual([
      'badges',
      'communities',
      'profiles',
    ]);
    expect((await sql`SELECT sandbox_schema_exists('test123') AS yes`)[0]?.yes).toBe(true);
    await sql`SELECT drop_sandbox_schema('test123')`;
    expect((await sql`SELECT sandbox_schema_exists('test123') AS yes`)[0]?.yes).toBe(false);
  });

  it('make the tenant tables with foreign keys inside the schema and their defaults', async () => {
    const sql = openAdmin();
    await sql`SELECT create_sandbox_schema('shape')`;
    const columns = await column(sql, 'sandbox_shape');
    for (const wanted of [
      'communities.discord_guild_id',
      'profiles.conviction_score',
      'badges.awarded_by',
      'profiles.first_claim_at',
    ]) {
      expect(columns).toContain(wanted);
    }
    const [community] = await sql<{ id: string; theme_id: string; subscription_tier: string }[]>`
      INSERT INTO sandbox_shape.communities (name) VALUES ('c') RETURNING *`;
    expect(community).toMatchObject({
      theme_id: 'basic',
      subscription_tier: 'free',
      is_active: true,
    });
    const profile = sql`INSERT INTO sandbox_shape.profiles (community_id, discord_id) VALUES (${community!.id}, '1') RETURNING *`;
    expect((await profile)[0]).toMatchObject({ activity_score: 0, conviction_score: 0 });
    await expect(
      sql`INSERT INTO sandbox_shape.profiles (community_id, discord_id) VALUES (${community!.id}, '1')`,
    ).rejects.toMatchObject({ code: '23505' });
    const outside = await sql`
      SELECT conname FROM pg_constraint c WHERE contype = 'f' AND connamespace = 'sandbox_shape'::regnamespace
        AND confrelid NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'sandbox_shape'::regnamespace)`;
    expect(outside).toHaveLength(0);
    const stats = await sql`SELECT * FROM sandbox_schema_stats('shape')`;
    expect(Number(stats[0]?.tables)).toBe(3);
    expect(Number(stats[0]?.bytes)).toBeGreaterThan(0);
    await sql`SELECT drop_sandbox_schema('shape')`;
  });

  it.each([
    ['NaN', -1],
    ['Infinity', 2_147_483_647],
    ['3.4e38', 2_147_483_647],
  ])('report a schema whose statistics its tenant has set to %s rows', async (rows, pages) => {
    const sql = openAdmin();
    await sql`SELECT create_sandbox_schema('figures')`;
    // PG 18's pg_restore_relation_stats lets a table's owner do this.
    await sql`UPDATE pg_class SET reltuples = ${rows}::text::real, relpages = ${pages}
      WHERE relnamespace = 'sandbox_figures'::regnamespace`;
    await sql`UPDATE pg_class SET reltuples = 7 WHERE oid = 'sandbox_figures.badges'::regclass`;
    const [stats] = await sql`SELECT * FROM sandbox_schema_stats('figures')`;
    expect(stats).toMatchObject({ tables: '3', estimated_rows: '7' });
    expect(Number(stats?.bytes)).toBeGreaterThanOrEqual(0);
    await sql`SELECT drop_sandbox_schema('figures')`;
  });

  it('are idempotent, and safe when raced', async () => {
    const sql = openAdmin();
    const all = (call: () => Promise<unknown>) => Promise.all(Array.from({ length: 12 }, call));
    await all(async () => sql`SELECT create_sandbox_schema('raced')`);
    expect(await column(sql, 'sandbox_raced')).not.toHaveLength(0);
    await all(async () => sql`SELECT drop_sandbox_schema('raced')`);
    expect((await sql`SELECT sandbox_schema_exists('raced') AS yes`)[0]?.yes).toBe(false);
  });

  it('refuse every id that is not [a-z0-9_]{1,40}, and make nothing', async () => {
    const sql = openAdmin();
    const before = await sql`SELECT count(*) AS n FROM pg_namespace`;
    const bad = HOSTILE.filter((text) => !text.includes('\0') && !/^[a-z0-9_]{1,40}$/.test(text));
    for (const id of [...bad, 'x'.repeat(41), 'a\n']) {
      for (const name of [
        'create_sandbox_schema',
        'drop_sandbox_schema',
        'sandbox_schema_exists',
        'sandbox_schema_stats',
      ]) {
        await expect(
          sql.unsafe(`SELECT ${name}($1)`, [id]),
          `${name}(${JSON.stringify(id)})`,
        ).rejects.toMatchObject({ code: 'SB008' });
      }
    }
    expect(await sql`SELECT count(*) AS n FROM pg_namespace`).toEqual(before);
  });

  it('can be executed by named roles only', async () => {
    const sql = openAdmin();
    const open = await sql`
      SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      WHERE p.proowner::regrole::text ~ '^bd_(control|keeper_.)$' AND a.grantee = 0
        AND p.prorettype <> 'trigger'::regtype`;
    expect(open.map((row) => row.proname as string)).toEqual([]);
  });

  it('fix their search path if they run with the owner’s rights', async () => {
    const rows = await openAdmin()`
      SELECT proname FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^(public|bd_keeper_.)$' AND prosecdef
        AND NOT ('search_path=pg_catalog, pg_temp' = ANY (proconfig))`;
    expect(rows.map((row) => row.proname as string)).toEqual([]);
  });
});

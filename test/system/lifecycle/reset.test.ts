import { describe, expect, it } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openAdmin, openClient, someGuild, someOwner, stackState } from '../../support/stack.js';
import { openTenant, openTenantSql } from '../../support/tenant.js';

describe('reset', () => {
  it('empties schema and keys, changes the credentials, and keeps id, expiry and guilds', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const before = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    const old = await openTenant(client, before.id);
    await old.sql.query(`INSERT INTO communities (name) VALUES ('mine')`);
    await old.sql.query('CREATE TABLE more (x int)');
    await old.sql.query('SELECT lo_create(0)');
    await old.redis.set(`sandbox:${before.id}:a`, '1');

    const after = await client.reset(before.id);
    expect(after).toEqual(before);
    await expect(old.sql.query('SELECT 1')).rejects.toThrow();
    await expect(openTenantSql(old.env.DATABASE_URL ?? '')).rejects.toThrow(/password/);
    await expect(old.redis.get(`sandbox:${before.id}:a`)).rejects.toThrow();

    const fresh = await openTenant(client, before.id);
    expect(fresh.env.DATABASE_URL).not.toBe(old.env.DATABASE_URL);
    expect((await fresh.sql.query('SELECT * FROM communities')).rowCount).toBe(0);
    await expect(fresh.sql.query('SELECT * FROM more')).rejects.toMatchObject({ code: '42P01' });
    expect(await fresh.redis.get(`sandbox:${before.id}:a`)).toBeNull();
    expect((await client.status(before.id)).health).toBe('healthy');

    await client.reset(before.id);
    expect(
      (
        await openAdmin()`SELECT rotation, provisioned_rotation FROM sandboxes WHERE id = ${before.id}`
      )[0],
    ).toEqual({
      rotation: 2,
      provisioned_rotation: 2,
    });
    await client.destroy(before.id);
    await client.waitUntilDestroyed(parseSandboxId(before.id));
    expect(await leftoversOf(stackState().urls.admin, before.id)).toEqual([]);
  });

  it('loses nothing of the new schema if an attempt that was given up continues late', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    await client.reset(id);
    const tenant = await openTenant(client, id);
    await tenant.sql.query(`INSERT INTO communities (name) VALUES ('new')`);
    const sql = openAdmin();
    await expect(sql`SELECT reset_sandbox_objects(${id}, 1, 100)`).rejects.toMatchObject({
      code: 'SB007',
    });
    await expect(
      sql`SELECT reset_sandbox_schema(${id}, 1, 'SCRAM-SHA-256$4096:aaaa$aaaa:aaaa')`,
    ).rejects.toMatchObject({
      code: 'SB007',
    });
    expect((await tenant.sql.query('SELECT * FROM communities')).rowCount).toBe(1);
    await client.destroy(id);
  });

  it('is refused for a sandbox that does not run, and yields to a destroy without harm', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    const outcomes = await Promise.allSettled([
      client.reset(id),
      client.destroy(id),
      client.reset(id),
    ]);
    expect(outcomes[1].status).toBe('fulfilled');
    await client.waitUntilDestroyed(parseSandboxId(id));
    expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
    await expect(client.reset(id)).rejects.toMatchObject({ code: 'SANDBOX_007' });
  });
});

import { describe, expect, it } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { HOSTILE } from '../../unit/domain/hostile.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackState,
  until,
} from '../../support/stack.js';

const auditOf = async (sandboxId: string): Promise<string[]> => {
  const rows = await openAdmin()<{ event: string }[]>`
    SELECT event_type || coalesce(' ' || (details->>'to'), '') AS event FROM sandbox_audit_log
    WHERE sandbox_id = ${sandboxId} ORDER BY id`;
  return rows.map(({ event }) => event);
};

describe('a sandbox', () => {
  it('has all its resources after its create, and a truthful status', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const guild = someGuild();
    const sandbox = await client.create({ ttl: '1h', guildIds: [guild, guild] });
    expect(sandbox).toMatchObject({
      status: 'running',
      guildIds: [guild],
      destroyedAt: null,
      schema: `sandbox_${sandbox.id}`,
    });
    const health = await client.status(sandbox.id);
    expect(health.checks.map(({ name, state }) => [name, state])).toEqual([
      ['workflow', 'ok'],
      ['postgres-schema', 'ok'],
      ['redis-keyspace', 'ok'],
      ['nats-subjects', 'ok'],
      ['guild-routes', 'ok'],
    ]);
    expect(health.health).toBe('healthy');
    expect(await leftoversOf(stackState().urls.admin, sandbox.id)).not.toEqual([]);
    await client.destroy(sandbox.id);
    await client.waitUntilDestroyed(parseSandboxId(sandbox.id));
  });

  it('leaves only its row and its audit entries after its destroy', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    const first = await client.destroy(sandbox.name);
    expect(first.sandbox.status).toMatch(/^destroy/);
    const ended = await client.waitUntilDestroyed(parseSandboxId(sandbox.id));
    expect(ended.status).toBe('destroyed');
    expect(await leftoversOf(stackState().urls.admin, sandbox.id)).toEqual([]);
    const again = await client.destroy(sandbox.id);
    expect(again).toEqual({ sandbox: ended, alreadyDestroyed: true });
    expect(await auditOf(sandbox.id)).toEqual([
      'sandbox_created',
      'guild_registered',
      'status_changed creating',
      'status_changed running',
      'status_changed destroying',
      'sandbox_destroying',
      'guild_unregistered',
      'status_changed destroyed',
      'sandbox_destroyed',
    ]);
  });

  it('ends by itself when its TTL does', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1s', guildIds: [someGuild()] });
    const ended = await client.waitUntilDestroyed(parseSandboxId(sandbox.id));
    expect(ended.status).toBe('destroyed');
    expect(Date.parse(ended.destroyedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(sandbox.expiresAt),
    );
    expect(await leftoversOf(stackState().urls.admin, sandbox.id)).toEqual([]);
    expect(await auditOf(sandbox.id)).toContain('status_changed expired');
  });

  it('lives longer after an extension, at most to the maximum', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    const longer = await client.extend(sandbox.id, '2h');
    expect(Date.parse(longer.sandbox.expiresAt) - Date.parse(sandbox.expiresAt)).toBe(
      2 * 3_600_000,
    );
    expect(longer.clamped).toBe(false);
    await expect(client.extend(sandbox.id, '10w')).rejects.toMatchObject({
      code: 'SANDBOX_008',
      message: expect.stringContaining('may live 30d from now') as string,
    });
    expect((await client.get(sandbox.id)).expiresAt).toBe(longer.sandbox.expiresAt);
    const most = await client.extend(sandbox.id, '10w', { clamp: true });
    expect(most.clamped).toBe(true);
    expect(Date.parse(most.sandbox.expiresAt)).toBeLessThanOrEqual(Date.now() + 30 * 86_400_000);
    await client.destroy(sandbox.id);
  });

  it('takes and returns guilds; each guild belongs to one sandbox at most', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [a, b] = [await client.create({ ttl: '1h' }), await client.create({ ttl: '1h' })];
    const guild = someGuild();
    expect((await client.registerGuild(a.id, guild)).guildIds).toEqual([guild]);
    expect((await client.registerGuild(a.id, guild)).guildIds).toEqual([guild]);
    await expect(client.registerGuild(b.id, guild)).rejects.toMatchObject({ code: 'SANDBOX_003' });
    await expect(client.create({ guildIds: [guild] })).rejects.toMatchObject({
      code: 'SANDBOX_003',
    });
    expect((await client.unregisterGuild(guild)).guildIds).toEqual([]);
    await expect(client.unregisterGuild(guild)).rejects.toMatchObject({ code: 'SANDBOX_004' });
    expect((await client.registerGuild(b.id, guild)).guildIds).toEqual([guild]);
    await Promise.all([client.destroy(a.id), client.destroy(b.id)]);
  });

  it('is the same sandbox when a create is repeated with its id, and never lives twice', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const options = { sandboxId: 'sb' + someName().slice(5, 15), name: someName(), ttl: '1h' };
    const [first, second] = await Promise.all([client.create(options), client.create(options)]);
    expect(second).toEqual(first);
    await client.destroy(first.id);
    await client.waitUntilDestroyed(parseSandboxId(first.id));
    await expect(client.create(options)).rejects.toMatchObject({ code: 'SANDBOX_007' });
  });

  it('frees its name as soon as its destroy begins', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const name = someName();
    const first = await client.create({ name, ttl: '1h' });
    await expect(client.create({ name })).rejects.toMatchObject({ code: 'SANDBOX_001' });
    await client.destroy(first.id);
    const second = await client.create({ name, ttl: '1h' });
    expect((await client.get(name)).id).toBe(second.id);
    await client.destroy(second.id);
  });

  it('counts against its owner’s limit while it lives', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const made = await Promise.all([1, 2, 3].map(() => client.create({ ttl: '1h' })));
    await expect(client.create({ ttl: '1h' })).rejects.toMatchObject({
      code: 'SANDBOX_002',
      exitCode: 6,
    });
    await client.destroy(made[0]!.id);
    made.push(await client.create({ ttl: '1h' }));
    await Promise.all(made.map(({ id }) => client.destroy(id)));
  });
});

describe('bad input', () => {
  it('is refused with its code, and nothing is created', async () => {
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const bad = [
      ...HOSTILE.filter((v) => v !== '')
        .filter((v) => !/^[a-z0-9-]{1,63}$/.test(v) || v.startsWith('-') || v.endsWith('-'))
        .map((name) => ({ name })),
      ...['0h', '-1h', 'NaN', '30m1h', '1s1', '31d', '1ms', '999999999w'].map((ttl) => ({ ttl })),
      ...['1', '18446744073709551616', '12345678901234567 ', '*'].map((guild) => ({
        guildIds: [guild],
      })),
      { owner: "o'neill" },
      { sandboxId: 'nope' },
      { guildIds: Array.from({ length: 500 }, (_, i) => `${12345678901234567n + BigInt(i)}`) },
    ];
    for (const options of bad) {
      await expect(
        client.create(options),
        JSON.stringify(options).slice(0, 80),
      ).rejects.toMatchObject({ code: 'SANDBOX_008' });
    }
    expect(await client.list({ owner, all: true })).toEqual([]);
  });

  it('gets SANDBOX_004 for an unknown sandbox', async () => {
    const client = openClient();
    for (const call of [
      () => client.get('no-such'),
      () => client.destroy('sb0000000000'),
      () => client.extend('no-such', '1h'),
      () => client.registerGuild('no-such', someGuild()),
      () => client.status('no-such'),
      () => client.connection('no-such'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'SANDBOX_004', exitCode: 4 });
    }
  });

  it('gets SANDBOX_007 for a destroyed sandbox', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    await client.destroy(id);
    await client.waitUntilDestroyed(parseSandboxId(id));
    await until('destroyed', async () => (await client.get(id)).status === 'destroyed');
    await expect(client.extend(id, '1h')).rejects.toMatchObject({ code: 'SANDBOX_007' });
    await expect(client.registerGuild(id, someGuild())).rejects.toMatchObject({
      code: 'SANDBOX_007',
    });
    await expect(client.connection(id)).rejects.toMatchObject({ code: 'SANDBOX_007' });
  });
});

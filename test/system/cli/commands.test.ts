import { describe, expect, it } from 'vitest';
import { bd, bdHere } from '../../support/bd.js';
import { openAdmin, someGuild, someName, someOwner } from '../../support/stack.js';

interface ErrorLine {
  error: { code: string; message: string; hint: string };
}
const errorOf = (stderr: string): ErrorLine['error'] => (JSON.parse(stderr) as ErrorLine).error;

describe('bd sandbox', () => {
  it('creates, lists, checks, extends, connects and destroys', async () => {
    const [owner, name, guild] = [someOwner(), someName(), someGuild()];
    const env = { SANDBOX_OWNER: owner };
    const created = await bd(
      ['sandbox', 'create', name, '--ttl', '1h', '--guild', guild, '--json'],
      env,
    );
    expect(created.code, created.stderr).toBe(0);
    const sandbox = JSON.parse(created.stdout) as Record<string, unknown>;
    expect(Object.keys(sandbox)).toEqual([
      'id',
      'name',
      'owner',
      'status',
      'schema',
      'template',
      'templateVersion',
      'redisPrefix',
      'natsPrefix',
      'guildIds',
      'workflowId',
      'createdAt',
      'expiresAt',
      'destroyedAt',
    ]);
    expect(sandbox).toMatchObject({ name, owner, status: 'running', guildIds: [guild] });

    const listed = await bd(['sandbox', 'ls', '--owner', owner]);
    expect(listed.stdout).toContain('ID');
    expect(listed.stdout).toContain(name);
    expect(JSON.parse((await bd(['sandbox', 'list', '--owner', owner, '--json'])).stdout)).toEqual([
      sandbox,
    ]);
    expect((await bd(['sandbox', 'status', name])).stdout).toContain('healthy');
    expect((await bd(['sandbox', 'extend', name, '1h'])).stdout).toContain('expires');
    const env2 = JSON.parse(
      (await bd(['sandbox', 'env', name, '--format', 'json'])).stdout,
    ) as Record<string, string>;
    expect(env2).toMatchObject({
      SANDBOX_ID: sandbox.id,
      SANDBOX_GUILD_IDS: guild,
      SANDBOX_SCHEMA: sandbox.schema,
    });
    expect(new URL(env2.DATABASE_URL ?? '').username).toBe(`sandbox_${String(sandbox.id)}`);

    const unsure = await bd(['sandbox', 'destroy', name]);
    expect([unsure.code, unsure.stdout]).toEqual([2, '']);
    const destroyed = await bd(['sandbox', 'rm', name, '--yes']);
    expect(destroyed.stdout).toContain('is destroyed');
    const again = await bd(['sandbox', 'destroy', String(sandbox.id), '--confirm']);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('already destroyed')]);
    expect((await bd(['sandbox', 'list', '--owner', owner])).stderr).toContain('No such sandboxes');
  });

  it('takes values exactly as typed', async () => {
    const owner = '0x1F';
    const guild = `123456789012345${String(Math.floor(Math.random() * 9000) + 1000)}`;
    const created = await bd([
      'sandbox',
      'create',
      '--owner',
      owner,
      '--guild',
      guild,
      `--ttl=1h`,
      '--json',
    ]);
    expect(JSON.parse(created.stdout)).toMatchObject({ owner, guildIds: [guild] });
    const wrong = await bd(['sandbox', 'create', '--ttl', '007', '--json']);
    expect(errorOf(wrong.stderr).message).toContain('"007"');
    expect((await bd(['sandbox', 'destroy', '--all', '--owner', owner, '--yes'])).code).toBe(0);
  });

  it('registers and unregisters guilds under both names of the commands', async () => {
    const [name, guild] = [someName(), someGuild()];
    await bd(['sandbox', 'new', name, '--ttl', '1h', '--owner', someOwner()]);
    expect((await bd(['sandbox', 'link', name, guild])).stdout).toContain(guild);
    const taken = await bd([
      'sandbox',
      'create',
      '--guild',
      guild,
      '--json',
      '--owner',
      someOwner(),
    ]);
    expect([taken.code, taken.stdout, errorOf(taken.stderr).code]).toEqual([5, '', 'SANDBOX_003']);
    expect((await bd(['sandbox', 'unlink', guild])).code).toBe(0);
    expect((await bd(['sandbox', 'unregister-guild', guild])).code).toBe(4);
    await bd(['sandbox', 'destroy', name, '--yes']);
  });

  it('prints nothing to stdout when connect fails', async () => {
    const ran = await bd(['sandbox', 'connect', 'no-such']);
    expect([ran.code, ran.stdout]).toEqual([4, '']);
    expect(ran.stderr).toContain('SANDBOX_004');
  });
});

describe('usage errors', () => {
  it.each([
    [['frobnicate']],
    [['sandbox', 'frobnicate']],
    [['sandbox', 'create', '--frobnicate']],
    [['sandbox', 'create', 'a', 'b']],
    [['sandbox', 'create', '--ttl']],
    [['sandbox', 'create', '--ttl', '1h', '--ttl', '2h']],
    [['sandbox', 'create', '--guild', '']],
    [['sandbox', 'create', '']],
    [['sandbox', 'extend', 'x']],
    [['sandbox', 'connect', 'x', '--format', 'yaml']],
    [['sandbox', 'list', '--status', 'nope']],
    [['sandbox', 'destroy']],
    [['sandbox', 'destroy', 'x', '--all', '--yes']],
    [['dev', 'frobnicate']],
  ])('%j exits 2 and names the mistake', async (args) => {
    const ran = await bd(args);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toMatch(/SANDBOX_008/);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });

  it('suggests the command that was meant', async () => {
    expect((await bd(['sandbox', 'creat'])).stderr).toContain('Did you mean `bd sandbox create`?');
  });

  it('shows help for each command', async () => {
    for (const args of [[], ['sandbox'], ['dev']]) {
      const { stdout } = await bdHere([...args, '--help']);
      const words = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map((match) => match[1] ?? '');
      expect(words.length).toBeGreaterThan(3);
      for (const word of words.filter((w) => args.length > 0 && !w.startsWith('-'))) {
        const help = await bdHere([...args, word, '--help']);
        expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('Usage:')]);
      }
    }
  });
});

describe('an unreachable server', () => {
  const away = '127.0.0.1:1';
  it.each([
    ['Postgres', { DATABASE_URL: `postgres://a:b@${away}/x` }, ['sandbox', 'list']],
    ['Postgres', { DATABASE_URL: `postgres://a:b@${away}/x` }, ['sandbox', 'status', 'x']],
    ['Temporal', { TEMPORAL_ADDRESS: away }, ['sandbox', 'create']],
    ['NATS', { NATS_URL: `nats://${away}` }, ['migrate', '--check']],
    ['Temporal', { TEMPORAL_ADDRESS: away }, ['migrate', '--check']],
  ])('%s is named within 30 s', async (name, env, args) => {
    const ran = await bd([...args, '--json'], env);
    expect([ran.code, ran.stdout]).toEqual([7, '']);
    expect(errorOf(ran.stderr)).toMatchObject({ code: 'SANDBOX_009' });
    expect(errorOf(ran.stderr).message).toContain(name);
    expect(ran.millis).toBeLessThan(30_000);
  });

  it('is named even if there is no stack', async () => {
    const ran = await bd(['sandbox', 'list', '--json'], { SANDBOX_HOME: '/nonexistent' });
    expect([ran.code, errorOf(ran.stderr).code]).toEqual([7, 'SANDBOX_009']);
  });

  it('fails its own checks in a status, and no others', async () => {
    const name = someName();
    await bd([
      'sandbox',
      'create',
      name,
      '--ttl',
      '1h',
      '--owner',
      someOwner(),
      '--guild',
      someGuild(),
    ]);
    const ran = await bd(['sandbox', 'status', name, '--json'], { REDIS_URL: `redis://${away}` });
    const health = JSON.parse(ran.stdout) as {
      health: string;
      checks: { name: string; state: string }[];
    };
    expect(health.health).toBe('unhealthy');
    expect(health.checks.filter(({ state }) => state !== 'ok').map((c) => c.name)).toEqual([
      'redis-keyspace',
      'guild-routes',
    ]);
    await bd(['sandbox', 'destroy', name, '--yes']);
  });
});

it('a list through a pipe is complete at any size', async () => {
  const sql = openAdmin();
  const owner = someOwner();
  await sql`INSERT INTO sandboxes (id, name, owner, expires_at)
    SELECT 'sb' || lpad(i::text, 10, '0'), ${owner} || '-' || i, ${owner}, now() + interval '1h' FROM generate_series(1, 2000) i`;
  const ran = await bd(['sandbox', 'list', '--owner', owner, '--json']);
  expect(JSON.parse(ran.stdout)).toHaveLength(2000);
  expect(ran.stdout.length).toBeGreaterThan(400_000);
  await sql`DELETE FROM sandboxes WHERE owner = ${owner}`;
});

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clock, version } from '../../../cli/doctor/check.js';
import { askPostgres, askRedis, memoryOf, waitingCleanUps } from '../../../cli/doctor/servers.js';
import { withRedis } from '../stack/ask.js';
import { openAdmin, stackState } from '../../support/stack.js';
import { bd } from '../../support/bd.js';

const report = z.strictObject({
  healthy: z.boolean(),
  findings: z.array(
    z.strictObject({
      name: z.string(),
      state: z.enum(['ok', 'warning', 'failed', 'unknown']),
      detail: z.string().min(1),
      remedy: z.string(),
    }),
  ),
});

async function examine(env: Record<string, string> = {}) {
  const ran = await bd(['doctor', '--json'], env);
  const { healthy, findings } = report.parse(JSON.parse(ran.stdout));
  return { code: ran.code, healthy, findings: new Map(findings.map((one) => [one.name, one])) };
}

describe('bd doctor', () => {
  it('reports a running stack as healthy, after a check of each part', async () => {
    const { code, healthy, findings } = await examine();
    expect([...findings.values()].filter(({ state }) => state !== 'ok')).toEqual([]);
    expect({ code, healthy }).toEqual({ code: 0, healthy: true });
    for (const server of ['postgres', 'redis', 'nats', 'temporal']) {
      for (const what of [server, `${server} version`, `${server} permission`])
        expect([...findings.keys()]).toContain(what);
    }
    for (const name of ['postgres clock', 'migrations', 'sweep schedule', 'worker', 'router'])
      expect([...findings.keys()]).toContain(name);
  });

  it('names an unreachable server, continues with the others, and exits with 7', async () => {
    const { code, findings } = await examine({ REDIS_URL: 'redis://127.0.0.1:1' });
    expect(code).toBe(7);
    expect(findings.get('redis')).toMatchObject({ state: 'failed' });
    expect(findings.get('redis')?.remedy).not.toBe('');
    expect(findings.get('postgres')).toMatchObject({ state: 'ok' });
  });

  it('reports a part that needs that server as unknown, not as wrong', async () => {
    const { findings } = await examine({ NATS_URL: 'nats://127.0.0.1:1' });
    expect(findings.get('nats')).toMatchObject({ state: 'failed' });
    for (const name of ['router', 'migrations'])
      expect(findings.get(name)).toMatchObject({ state: 'unknown', remedy: 'See nats.' });
  });

  it('reports a missing namespace, and a Redis without ACL', async () => {
    const { code, findings } = await examine({
      TEMPORAL_NAMESPACE: 'nobody-made-it',
      SANDBOX_REDIS_ACL: 'off',
    });
    expect(code).toBe(1);
    expect(findings.get('temporal permission')).toMatchObject({ state: 'failed' });
    expect(findings.get('worker')).toMatchObject({ state: 'unknown' });
    expect(findings.get('redis acl')).toMatchObject({ state: 'warning' });
  });

  it('reports a Redis without a password', async () => {
    const { admin, client } = stackState().urls;
    const separation = async () =>
      (await askRedis(client.redis, true)).find(({ name }) => name === 'redis acl');
    expect(await separation()).toMatchObject({ state: 'ok' });
    await withRedis(admin.redis, async (redis) => {
      // The default of Redis.
      await redis.call('ACL', 'SETUSER', 'default', 'on', 'nopass', '~*', '&*', '+@all');
      try {
        expect(await separation()).toMatchObject({ state: 'failed' });
      } finally {
        await redis.call('ACL', 'SETUSER', 'default', 'reset', 'resetchannels');
      }
    });
    expect(await separation()).toMatchObject({ state: 'ok' });
  });

  it('reports a database that was created later and is open to sandboxes', async () => {
    const admin = openAdmin();
    const databases = async () =>
      (await askPostgres(stackState().urls.client.database)).find(
        ({ name }) => name === 'postgres databases',
      );
    expect(await databases()).toMatchObject({ state: 'ok' });
    await admin`CREATE DATABASE made_since`;
    try {
      expect(await databases()).toMatchObject({
        state: 'warning',
        detail: expect.stringContaining('made_since') as string,
      });
      await admin`REVOKE CONNECT, TEMPORARY ON DATABASE made_since FROM PUBLIC`;
      expect(await databases()).toMatchObject({ state: 'ok' });
    } finally {
      await admin`DROP DATABASE made_since`;
    }
  });

  it('reports a wrong environment and a missing stack as findings, not as a crash', async () => {
    const wrong = await examine({ SANDBOX_MAX_TTL: 'long' });
    expect(wrong.findings.get('environment')?.detail).toContain('SANDBOX_MAX_TTL');
    const none = await examine({ SANDBOX_HOME: '/nonexistent/stack' });
    expect(none.code).toBe(7);
    expect(none.findings.get('local stack')?.remedy).toContain('bd dev up');
  });

  it('fits 80 columns', async () => {
    const { stdout } = await bd(['doctor']);
    expect(stdout).toContain('✓ postgres');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('a finding of doctor', () => {
  it('on clean-ups that are retried says that they wait, and for which server', () => {
    expect(waitingCleanUps([])).toMatchObject({ state: 'ok' });
    const found = ['a', 'b'].map((id) => ({ id, error: `redis of ${id}` }));
    expect(waitingCleanUps(found)).toMatchObject({
      ...{ state: 'warning', detail: '2 waiting; a for: redis of a' },
    });
  });

  it.each([
    ['2.15.1', true],
    ['2.14.0', true],
    ['2.13.9', false],
    ['v3', true],
    ['nonsense', false],
  ])('version %s against 2.14', (text, good) => {
    expect(version('nats', text, [2, 14]).state).toBe(good ? 'ok' : 'failed');
  });

  it.each([
    [{ used: 10, limit: 100, policy: 'noeviction' }, 'ok'],
    [{ used: 90, limit: 100, policy: 'noeviction' }, 'warning'],
    [{ used: 10, limit: 100, policy: 'allkeys-lru' }, 'warning'],
    [{ used: 10, limit: 0, policy: 'noeviction' }, 'warning'],
  ])('of memory %j is %s', (memory, state) => {
    expect(memoryOf(memory).state).toBe(state);
  });

  it.each([
    [1_500, 'ok'],
    [900, 'ok'],
    [10_000, 'failed'],
    [-10_000, 'failed'],
  ])('a clock at %d between 1000 and 2000 is %s', (time, state) => {
    expect(clock('redis', time, { from: 1_000, to: 2_000 }).state).toBe(state);
  });
});

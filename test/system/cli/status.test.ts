import { describe, expect, it } from 'vitest';
import { healthText } from '../../../cli/health-text.js';
import type { SandboxHealth } from '../../../domain/health.js';
import { bdHere, type Ran } from '../../support/bd.js';
import { openClient, someGuild, someOwner } from '../../support/stack.js';

const status = (...args: string[]): Promise<Ran> => bdHere(['sandbox', 'status', ...args]);

describe('the status of a sandbox', () => {
  it('that is healthy has correct plurals, and exits 0', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m', guildIds: [someGuild()] });
    const ran = await status(id, '--exit-code');
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('1 guild routed')]);
    expect(ran.stdout).toMatch(/0 events waiting/);
    await client.destroy(id);
  });

  it('that is destroyed says so, and asks no server', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m' });
    await client.destroy(id);
    const { destroyedAt } = await client.waitUntilDestroyed(id);
    const ran = await status(id);
    expect([ran.code, ran.stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`is destroyed since ${destroyedAt ?? ''}: nothing of it`)),
    ]);
    expect(ran.stdout).not.toMatch(/healthy|missing/);
    const asJson = await status(id, '--json');
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      ...{ health: null, checks: [], lastEventAt: null, eventsWaiting: null, cleanupError: null },
      sandbox: { id, status: 'destroyed' },
    });
    expect((await status(id, '--exit-code')).code).toBe(1);
  });

  it('with a fault exits 1 if asked to', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '10m' });
    const away = { REDIS_URL: 'redis://127.0.0.1:1' };
    const ask = (...more: string[]) => bdHere(['sandbox', 'status', id, ...more], away);
    expect([(await ask()).code, (await ask('--exit-code')).code]).toEqual([0, 1]);
    await client.destroy(id);
  });
});

describe('the text of a status', () => {
  const io = { stdout: {}, stderr: {}, env: { NO_COLOR: '1' } } as never;
  const sandbox = { id: 'sbaaaaaaaaaa', name: 'a', status: 'destroying', destroyedAt: null };
  const ending = {
    ...{ sandbox, health: 'healthy', expiresInMs: 0, lastEventAt: null, eventsWaiting: null },
    checks: [
      { name: 'workflow', state: 'ok', detail: 'running' },
      { name: 'postgres-schema', state: 'missing', detail: 'schema x does not exist' },
    ],
    cleanupError: null,
  } as unknown as SandboxHealth;

  it('of a sandbox in its clean-up calls missing parts removed, and shows no expiry', async () => {
    const text = await healthText(io, ending);
    expect(text).toMatch(/postgres-schema +removed/);
    expect(text).not.toMatch(/missing|expires/);
  });
});

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { adminEnv, down, status, up } from '../../../deploy/stack/index.js';
import { readStackFile } from '../../../platform/stack-file.js';
import { addressesOf, ownHome, PROCESSES, processesOf, SERVERS, untilNoneLeft } from './home.js';
import { temporalNamespaces, withNats, withPostgres, withRedis } from './ask.js';

/** Whole stacks, on a machine that may be busy. */
vi.setConfig({ testTimeout: 180_000 });

test('a stack serves on every address it gives, ends without a trace, and starts again on its data and ports', async () => {
  const config = await ownHome();
  const told: string[] = [];
  const first = await up(config, { onProgress: ({ service }) => told.push(service) });

  const services = await status(config);
  expect(services.map(({ name }) => name)).toEqual([...SERVERS, ...PROCESSES]);
  const states = Object.fromEntries(services.map(({ name, state }) => [name, state]));
  expect(states).toMatchObject(
    Object.fromEntries([...SERVERS, ...PROCESSES].map((name) => [name, 'running'])),
  );
  expect(new Set(told)).toEqual(new Set([...SERVERS, ...PROCESSES, 'stack']));
  for (const { metrics } of services) {
    if (metrics !== null) expect((await fetch(metrics)).status).toBe(200);
  }
  expect((await stat(join(config.home, 'stack.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(config.home, 'master.key'))).mode & 0o777).toBe(0o600);

  const env = await adminEnv(config);
  expect(Object.keys(env).sort()).toEqual(
    [
      ...['DATABASE_URL', 'NATS_CREDS', 'NATS_URL', 'REDIS_URL', 'SANDBOX_INGEST_CREDS'],
      ...['SANDBOX_API_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_UI_URL'],
    ].sort(),
  );
  expect(await temporalNamespaces(env.TEMPORAL_ADDRESS ?? '')).toContain('default');
  expect((await fetch(env.TEMPORAL_UI_URL ?? '')).status).toBe(200);
  await withPostgres(first.urls.admin.database, async (sql) => {
    await sql`CREATE TABLE kept AS SELECT 42 AS answer`;
  });
  await withRedis(first.urls.admin.redis, (redis) => redis.set('kept', '42'));
  await withNats(first.urls.admin.nats, async (nc) => {
    await nc.jetstream().publish('events.raw.KEPT', '42');
  });

  await down(config);
  expect(processesOf(config.home)).toEqual([]);
  expect(readStackFile(config.home)).toBeNull();
  expect((await status(config)).map(({ state }) => state)).not.toContain('running');

  const second = await up(config);
  expect(addressesOf(second)).toBe(addressesOf(first));
  await withPostgres(second.urls.admin.database, async (sql) => {
    expect(await sql`SELECT answer FROM kept`).toMatchObject([{ answer: 42 }]);
  });
  expect(await withRedis(second.urls.admin.redis, (redis) => redis.get('kept'))).toBe('42');
  await withNats(second.urls.admin.nats, async (nc) => {
    const info = await (await nc.jetstreamManager()).streams.info('RAW');
    expect(info.state.last_seq).toBe(1);
  });
});

test('a second `up` finds the stack running, and of many at once one starts it', async () => {
  const config = await ownHome();
  const states = await Promise.all([1, 2, 3].map(() => up(config, { only: ['redis'] })));
  expect(new Set(states.map(({ pid }) => pid)).size).toBe(1);
  expect((await up(config)).pid).toBe(states[0]?.pid);
});

test('two stacks run side by side, each with passwords of its own', async () => {
  const [one, other] = await Promise.all([ownHome(), ownHome()]);
  const only = ['redis', 'nats'] as const;
  const [a, b] = await Promise.all([up(one, { only }), up(other, { only })]);
  for (const state of [a, b]) {
    expect(await withRedis(state.urls.admin.redis, (redis) => redis.ping())).toBe('PONG');
  }
  const mixed = new URL(a.urls.admin.redis);
  mixed.port = new URL(b.urls.admin.redis).port;
  await expect(withRedis(mixed.href, (redis) => redis.ping())).rejects.toThrow('Redis');
  await down(one);
  expect(await withRedis(b.urls.admin.redis, (redis) => redis.ping())).toBe('PONG');
});

test('`down` without a stack does nothing, and `--purge` leaves nothing but what is not ours', async () => {
  const config = await ownHome();
  await down(config);
  await up(config, { only: ['redis'] });
  await down(config, { purge: true });
  await expect(stat(config.home)).rejects.toThrow('ENOENT');
  await untilNoneLeft(config.home);
});

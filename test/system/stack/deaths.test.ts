import { readFile, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { configEnvironment } from '../../../deploy/stack/environment.js';
import { identify } from '../../../deploy/stack/identity.js';
import { supervisorEntry } from '../../../deploy/stack/background.js';
import { down, restart, signalService, status, up } from '../../../deploy/stack/index.js';
import { delay } from '../../../platform/deadline.js';
import { until } from '../../support/stack.js';
import { withNats, withPostgres, withRedis } from './ask.js';
import {
  addressesOf,
  ownHome,
  PROCESSES,
  processesOf,
  SERVERS,
  statusOf,
  untilNoneLeft,
} from './home.js';

/** Seven processes start and stop several times, on a machine that may be busy. */
vi.setConfig({ testTimeout: 180_000 });

test('a service that is killed comes back, on the same address and data', async () => {
  const config = await ownHome();
  const state = await up(config);
  await withPostgres(state.urls.admin.database, (sql) => sql`CREATE TABLE kept ()`.execute());
  await withRedis(state.urls.admin.redis, (redis) => redis.set('kept', '1'));
  const kept = { name: 'KEPT', subjects: ['kept'] };
  await withNats(state.urls.admin.nats, async (nc) =>
    (await nc.jetstreamManager()).streams.add(kept),
  );
  const before = await status(config);
  for (const name of [...SERVERS, ...PROCESSES]) {
    const pid = await signalService(config, name, 'SIGKILL');
    expect(pid).toBe(before.find((service) => service.name === name)?.pid);
    await until(`${name} runs again`, async () => {
      const now = await statusOf(config, name);
      return now.state === 'running' && now.pid !== pid;
    });
    expect((await statusOf(config, name)).address).toBe(
      before.find((service) => service.name === name)?.address,
    );
  }
  await withPostgres(state.urls.admin.database, (sql) => sql`SELECT FROM kept`.execute());
  expect(await withRedis(state.urls.admin.redis, (redis) => redis.get('kept'))).toBe('1');
  await withNats(state.urls.admin.nats, async (nc) => {
    const { config } = await (await nc.jetstreamManager()).streams.info('KEPT');
    expect(config.subjects).toEqual(['kept']);
  });
});

test('a service that hangs is shown as failed, and `restart` brings it back', async () => {
  const config = await ownHome();
  await up(config, { only: ['redis'] });
  const pid = await signalService(config, 'redis', 'SIGSTOP');
  expect((await statusOf(config, 'redis')).state).toBe('failed');
  await restart(config, 'redis');
  const after = await statusOf(config, 'redis');
  expect(after.state).toBe('running');
  expect(after.pid).not.toBe(pid);
});

test('a supervisor killed by SIGKILL leaves no process, and the next `up` starts on its data', async () => {
  const config = await ownHome();
  const state = await up(config);
  expect(processesOf(config.home).length).toBeGreaterThanOrEqual(7);
  process.kill(state.pid, 'SIGKILL');
  await untilNoneLeft(config.home, 5_000);
  expect((await status(config)).some(({ state }) => state === 'running')).toBe(false);
  // Files that it could not remove do not mean that a stack runs.
  await writeFile(join(config.home, 'stack.json'), '{"version":1,"pi');
  const again = await up(config);
  expect(addressesOf(again)).toBe(addressesOf(state));
});

test('what a supervisor could not end is ended by the next one, but never a process that only has the pid', async () => {
  const config = await ownHome();
  await up(config, { only: ['redis'] });
  await down(config);
  const spawned = [1, 2].map(() => spawn('sleep', ['60'], { stdio: 'ignore' }));
  const [leftover, stranger] = await Promise.all(
    spawned.map((child) =>
      until('it has started', () => Promise.resolve(identify(child.pid ?? 0))),
    ),
  );
  if (leftover === undefined || stranger === undefined) throw new Error('sleep was not started');
  await writeFile(
    join(config.home, 'children.json'),
    JSON.stringify({ nats: leftover, redis: { pid: stranger.pid, start: 'another time' } }),
  );
  await up(config, { only: ['redis'] });
  expect(identify(leftover.pid)).toBeNull();
  expect(identify(stranger.pid)).toEqual(stranger);
  process.kill(stranger.pid, 'SIGKILL');
});

test.each([50, 400, 900, 1_500])(
  'a start that its starter gives up after %i ms leaves no process',
  async (millis) => {
    const config = await ownHome();
    const starter = spawn(process.execPath, [supervisorEntry], {
      env: configEnvironment(config, process.env),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    await delay(millis);
    starter.disconnect();
    await untilNoneLeft(config.home, 15_000);
    await expect(readFile(join(config.home, 'stack.json'))).rejects.toThrow('ENOENT');
  },
);

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s, twice, ends the stack in order and without a trace',
  async (signal) => {
    const config = await ownHome();
    const { pid } = await up(config);
    process.kill(pid, signal);
    await delay(100);
    process.kill(pid, signal);
    await untilNoneLeft(config.home, 20_000);
    const log = await readFile(join(config.home, 'log/postgres.log'), 'utf8');
    expect(log.trimEnd()).toMatch(/database system is shut down$/);
    await expect(readFile(join(config.home, 'stack.json'))).rejects.toThrow('ENOENT');
  },
);

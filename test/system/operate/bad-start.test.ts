/**
 * A worker or router that cannot start names the reason and a remedy, and exits with the error's
 * code. One that only waits ends on a signal.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loggingCloser } from '../../../platform/closer.js';
import { createLogger } from '../../../platform/log.js';
import { projectRoot } from '../../../platform/project-root.js';
import { addressesFor } from '../../../platform/stack-file.js';
import { openWorkerConnections } from '../../../workers/connections.js';
import { startOwnNats } from '../../support/own-nats.js';
import { openAdmin, someName, stackConfig, until } from '../../support/stack.js';

const AWAY = {
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  DATABASE_URL: 'postgres://a:b@127.0.0.1:1/x',
  REDIS_URL: 'redis://127.0.0.1:1',
  NATS_URL: 'nats://127.0.0.1:1',
  SANDBOX_HOME: '/nonexistent',
};

function started(entry: string, env: Record<string, string>, ipc = false) {
  const child = spawn(process.execPath, [join(projectRoot(), 'dist', entry)], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { stderr } = child;
  if (stderr === null) throw new Error('its stderr is a pipe');
  let told = '';
  stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  // Not on `close`: that event never comes after the parent has disconnected.
  const ended = Promise.all([once(child, 'exit'), once(stderr, 'end')]).then(
    ([[code, signal]]) => ({ code: code as unknown, signal: signal as unknown }),
  );
  return { child, ended, told: () => told };
}

describe.each([
  ['router', 'router/main.js'],
  ['worker', 'workers/main.js'],
])('a %s', (_name, entry) => {
  it.each([
    ['a wrong environment', { ...AWAY, LOG_LEVEL: 'loud' }, 2, /SANDBOX_008.*\n? *LOG_LEVEL/],
    [
      'no servers',
      { SANDBOX_HOME: '/nonexistent' },
      7,
      /SANDBOX_009.*\n.*Start one with `bd dev up`/,
    ],
  ])('with %s ends at once', async (_what, env, code, reason) => {
    for (const ipc of [false, true]) {
      const { ended, told } = started(entry, env, ipc);
      expect(await ended).toEqual({ code, signal: null });
      expect(told()).toMatch(reason);
      expect(told()).not.toMatch(/\n\s+at /);
    }
  });
});

it('a worker without the master secret ends at once', async () => {
  const { ended, told } = started('workers/main.js', AWAY);
  expect(await ended).toEqual({ code: 2, signal: null });
  expect(told()).toMatch(/SANDBOX_008.*SANDBOX_MASTER_SECRET/);
});

describe('a router that waits', () => {
  it('for NATS reports it, and ends on SIGTERM', async () => {
    const { child, ended, told } = started('router/main.js', AWAY);
    await until('it waits', () => Promise.resolve(told().includes('waiting for NATS')));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('for its streams reports it, and ends with its parent', async () => {
    const NATS_URL = await startOwnNats();
    const { child, ended, told } = started('router/main.js', { ...AWAY, NATS_URL }, true);
    await until('it waits', () =>
      Promise.resolve(told().includes('waiting for the streams (bd migrate)')),
    );
    child.disconnect();
    expect(await ended).toEqual({ code: 0, signal: null });
  });
});

describe('a worker that waits', () => {
  const SECRET = { SANDBOX_MASTER_SECRET: 's'.repeat(32) };

  it('for its servers reports it, and ends on SIGTERM', async () => {
    const { child, ended, told } = started('workers/main.js', { ...AWAY, ...SECRET });
    for (const server of ['Temporal', 'Postgres', 'Redis', 'NATS'])
      await until(server, () => Promise.resolve(told().includes(`waiting for ${server}`)));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(told()).toContain('worker stopped');
  });

  it('for its servers ends with its parent', async () => {
    const { child, ended, told } = started('workers/main.js', { ...AWAY, ...SECRET }, true);
    await until('it waits', () => Promise.resolve(told().includes('waiting for Temporal')));
    child.disconnect();
    expect(await ended).toEqual({ code: 0, signal: null });
  });
});

it('a worker whose start fails midway leaves no connection open', async () => {
  const admin = openAdmin();
  const name = someName();
  const open = async (): Promise<number> => {
    const rows = await admin`SELECT FROM pg_stat_activity WHERE application_name = ${name}`;
    return rows.length;
  };
  const config = stackConfig();
  const addresses = addressesFor(config, 'worker');
  const database = new URL(addresses.database);
  database.searchParams.set('application_name', name);
  const log = createLogger('test', 'silent');
  const closer = loggingCloser(log);
  const starting = openWorkerConnections(
    closer,
    // Temporal answers, and NATS is never reachable: the start must fail with Postgres and Redis
    // open.
    { ...addresses, database: database.href, temporal: '127.0.0.1:1', nats: 'http://nowhere' },
    config,
    { log, signal: new AbortController().signal },
  );
  await expect(starting).rejects.toMatchObject({ code: 'SANDBOX_008' });
  expect(await open()).toBe(1);
  await closer.close();
  await until('the connection is closed', async () => (await open()) === 0);
});

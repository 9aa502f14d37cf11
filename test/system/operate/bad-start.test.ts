/** A worker or router that cannot start says why and what helps, with the exit code of the error; one that can only wait ends when told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { startOwnNats } from '../../support/own-nats.js';
import { until } from '../../support/stack.js';

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
  // Not `close`: it never comes where the parent has disconnected.
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
  it('for NATS says so, and ends when told', async () => {
    const { child, ended, told } = started('router/main.js', AWAY);
    await until('it waits', () => Promise.resolve(told().includes('waiting for NATS')));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('for its streams says so, and ends with its parent', async () => {
    const NATS_URL = await startOwnNats();
    const { child, ended, told } = started('router/main.js', { ...AWAY, NATS_URL }, true);
    await until('it waits', () =>
      Promise.resolve(told().includes('waiting for the streams (bd migrate)')),
    );
    child.disconnect();
    expect(await ended).toEqual({ code: 0, signal: null });
  });
});

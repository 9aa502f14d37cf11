/** `bd dev` and `bd migrate` as a developer types them, on a stack of this test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { SERVICE_STATES } from '../../../deploy/stack/service.js';
import { projectRoot } from '../../../platform/project-root.js';
import { ownHome, processesOf, statusOf } from '../stack/home.js';
import { bd, type Ran } from '../../support/bd.js';
import { stackState, until } from '../../support/stack.js';

const services = z.array(
  z.strictObject({
    name: z.string(),
    pid: z.number().nullable(),
    address: z.string().nullable(),
    metrics: z.string().nullable(),
    state: z.enum(SERVICE_STATES),
    detail: z.string().nullable(),
  }),
);
const statesIn = ({ stdout }: Ran): Record<string, string> =>
  Object.fromEntries(services.parse(JSON.parse(stdout)).map(({ name, state }) => [name, state]));
const RUNNING = {
  ...{ temporal: 'running', postgres: 'running', nats: 'running', redis: 'running' },
  ...{ worker: 'running', router: 'running', api: 'running', discord: 'running' },
};

it('bd dev: up, status, env, restart, down, and once more in the foreground until Ctrl-C', async () => {
  const config = await ownHome();
  const { home } = config;
  const dev = (...args: string[]): Promise<Ran> => bd(['dev', ...args], { SANDBOX_HOME: home });
  const before = await dev('status');
  expect(before.code).toBe(0);
  expect(before.stdout).toMatch(/^redis +stopped +- +- +-$/m);
  expect((await dev('env')).code).toBe(7);

  const up = await dev('up', '--json');
  expect([up.code, statesIn(up)]).toEqual([0, RUNNING]);
  // Progress goes to stderr.
  expect(up.stderr).toMatch(/^postgres +ready in [\d.]+ s on 127/m);
  expect((await dev('up')).stdout).toMatch(/is up\. Temporal Web UI: http:\/\/127/);
  expect(statesIn(await dev('status', '--json'))).toEqual(RUNNING);
  expect((await dev('status')).stdout).toMatch(/^redis +running +\d+ +127\.0\.0\.1:\d+ +-$/m);

  const environment = JSON.parse((await dev('env', '--json')).stdout) as Record<string, string>;
  expect(Object.keys(environment)).toEqual([
    ...['TEMPORAL_ADDRESS', 'TEMPORAL_UI_URL', 'DATABASE_URL', 'REDIS_URL', 'NATS_URL'],
    ...['SANDBOX_API_URL', 'NATS_CREDS', 'SANDBOX_INGEST_CREDS', 'SANDBOX_TOKEN'],
  ]);
  const exported = (await dev('env')).stdout;
  for (const [name, value] of Object.entries(environment))
    expect(exported).toContain(`export ${name}='${value}'`);

  const { pid } = await statusOf(config, 'redis');
  expect((await dev('restart', 'redis')).stderr).toContain('redis is back.');
  expect((await statusOf(config, 'redis')).pid).not.toBe(pid);
  expect((await dev('restart', 'nonsense')).code).toBe(2);

  expect((await dev('down')).stderr).toContain('The local stack is stopped.');
  expect(processesOf(home)).toEqual([]);

  // A shell that has evaluated `bd dev env`: addresses of a stopped stack do not count as given.
  const shell = { SANDBOX_HOME: home, ...environment };
  const elsewhere = { ...shell, REDIS_URL: 'redis://127.0.0.1:1' };
  const stopped = {
    ...{ temporal: 'stopped', postgres: 'stopped', nats: 'stopped', redis: 'unreachable' },
  };
  expect(statesIn(await bd(['dev', 'status', '--json'], elsewhere))).toMatchObject(stopped);
  expect((await bd(['dev', 'env'], shell)).code).toBe(7);

  const inFront = spawn(process.execPath, [join(projectRoot(), 'dist/cli/main.js'), 'dev'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...shell },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void inFront.kill('SIGKILL'));
  let told = '';
  inFront.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  await until('it runs', () => Promise.resolve(told.includes('Ctrl-C stops it')), 60_000);
  expect(told).not.toContain('given by the environment');
  const ended = once(inFront, 'exit');
  inFront.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(processesOf(home)).toEqual([]);
  // Its servers are stopped, so its sandboxes are unknown.
  const unasked = await dev('down', '--purge');
  expect([unasked.code, unasked.stderr]).toEqual([
    2,
    expect.stringMatching(/is not known[^]*SANDBOX_008[^]*Add --yes/),
  ]);
  expect(existsSync(join(home, 'data', 'postgres'))).toBe(true);
  expect((await dev('down', '--purge', '--yes')).stderr).toContain('its data removed');
  expect((await dev('down', '--purge')).code).toBe(0);
}, 240_000);

it('bd dev down --purge names the live sandboxes that it would delete, and needs --yes', async () => {
  const config = await ownHome();
  const env = { SANDBOX_HOME: config.home };
  await bd(['dev', 'up'], env);
  for (const name of ['my-fix', 'other'])
    expect((await bd(['sandbox', 'create', name], env)).code).toBe(0);
  const refused = await bd(['dev', 'down', '--purge'], env);
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toMatch(/2 live sandboxes \((my-fix, other|other, my-fix)\)[^]*Add --yes/);
  // The stack still runs: the refusal changed nothing.
  const listed = await bd(['sandbox', 'list', '--json'], env);
  expect(JSON.parse(listed.stdout)).toHaveLength(2);
  await bd(['sandbox', 'destroy', '--all', '--yes'], env);
  expect((await bd(['dev', 'down', '--purge'], env)).code).toBe(0);
  expect(existsSync(join(config.home, 'data'))).toBe(false);
}, 240_000);

it('bd dev status shows for external servers and services whether they answer', async () => {
  const { temporal, urls } = stackState();
  const { home } = await ownHome();
  const env = {
    ...{ SANDBOX_HOME: home, TEMPORAL_ADDRESS: temporal.address },
    ...{ DATABASE_URL: urls.client.database, REDIS_URL: urls.client.redis },
  };
  const at = async (nats: string): Promise<Ran> =>
    bd(['dev', 'status', '--json'], { ...env, NATS_URL: nats });
  const serving = { temporal: 'external', postgres: 'external', redis: 'external' };
  expect(statesIn(await at(urls.client.nats))).toEqual({
    ...{ ...serving, nats: 'external', worker: 'external', router: 'external', api: 'stopped' },
  });
  const away = await at('nats://127.0.0.1:1');
  expect(statesIn(away)).toEqual({
    ...{ ...serving, nats: 'unreachable', worker: 'external', router: 'unreachable' },
    api: 'stopped',
  });
  expect(services.parse(JSON.parse(away.stdout)).find(({ name }) => name === 'nats')).toMatchObject(
    {
      ...{ address: '127.0.0.1:1', detail: expect.stringContaining('NATS') as string },
    },
  );
  const empty = await bd(['dev', 'status', '--json'], {
    ...{ ...env, NATS_URL: urls.client.nats, SANDBOX_TASK_QUEUE: 'nobody-polls-it' },
  });
  expect(statesIn(empty)).toMatchObject({ worker: 'stopped' });
});

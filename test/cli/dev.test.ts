/** `bd dev` and `bd migrate` as a developer types them, on a stack of the test's own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { projectRoot } from '../../platform/project-root.js';
import { ownHome, processesOf, statusOf } from '../stack/home.js';
import { bd, type Ran } from '../support/bd.js';
import { until } from '../support/stack.js';

const services = z.array(
  z.strictObject({
    name: z.string(),
    pid: z.number().nullable(),
    address: z.string().nullable(),
    metrics: z.string().nullable(),
    state: z.enum(['running', 'starting', 'stopped', 'failed', 'external', 'absent']),
  }),
);
const statesIn = ({ stdout }: Ran): Record<string, string> =>
  Object.fromEntries(services.parse(JSON.parse(stdout)).map(({ name, state }) => [name, state]));
const RUNNING = {
  ...{ temporal: 'running', postgres: 'running', nats: 'running', redis: 'running' },
  ...{ worker: 'running', router: 'running', api: 'absent' },
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
  // What it does meanwhile is told on stderr.
  expect(up.stderr).toMatch(/^postgres +ready in [\d.]+ s on 127/m);
  expect((await dev('up')).stdout).toMatch(/is up\. Temporal Web UI: http:\/\/127/);
  expect(statesIn(await dev('status', '--json'))).toEqual(RUNNING);
  expect((await dev('status')).stdout).toMatch(/^redis +running +\d+ +127\.0\.0\.1:\d+ +-$/m);

  const environment = JSON.parse((await dev('env', '--json')).stdout) as Record<string, string>;
  expect(Object.keys(environment)).toEqual([
    ...['TEMPORAL_ADDRESS', 'TEMPORAL_UI_URL', 'DATABASE_URL', 'REDIS_URL', 'NATS_URL'],
    ...['NATS_CREDS', 'SANDBOX_INGEST_CREDS'],
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

  // In a shell that has evaluated `bd dev env`: the addresses of what is stopped replace nothing.
  const shell = { SANDBOX_HOME: home, ...environment };
  const elsewhere = { ...shell, REDIS_URL: 'redis://127.0.0.1:1' };
  const stopped = { temporal: 'stopped', postgres: 'stopped', nats: 'stopped', redis: 'external' };
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
  expect((await dev('down', '--purge')).stderr).toContain('its data removed');
}, 240_000);

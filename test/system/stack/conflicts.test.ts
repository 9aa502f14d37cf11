import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { adminEnv, down, restart, status, up, type Progress } from '../../../deploy/stack/index.js';
import { BINARIES } from '../../../deploy/stack/binaries.js';
import { cacheDirectory } from '../../../deploy/stack/environment.js';
import { loadConfig } from '../../../platform/config.js';
import { masterKeyPath } from '../../../platform/master-secret.js';
import { stackFilePath } from '../../../platform/stack-file.js';
import { until } from '../../support/stack.js';
import { ownHome, processesOf, statusOf } from './home.js';
import { withPostgres, withRedis } from './ask.js';

test('an address in the environment takes the place of a server', async () => {
  const one = await ownHome();
  const { urls } = await up(one, { only: ['redis'] });
  const other = await ownHome({ REDIS_URL: urls.admin.redis });
  const state = await up(other, { only: ['redis', 'nats'] });
  expect(await statusOf(other, 'redis')).toMatchObject({ state: 'external', pid: null });
  expect((await statusOf(other, 'redis')).address).not.toContain('admin');
  expect((await statusOf(other, 'nats')).state).toBe('running');
  expect((await statusOf(other, 'postgres')).state).toBe('absent');
  expect(state.urls.worker.redis).toBe(urls.admin.redis);
  await down(other);
  expect(await withRedis(urls.admin.redis, (redis) => redis.ping())).toBe('PONG');
});

test.each(['/proc/nowhere', '/etc/passwd/below-a-file'])(
  'a home that cannot be used (%s) is refused with a remedy',
  async (home) => {
    const config = loadConfig({ SANDBOX_HOME: home });
    await expect(up(config)).rejects.toMatchObject({
      code: 'SANDBOX_008',
      hint: expect.stringContaining('SANDBOX_HOME') as string,
    });
    expect((await status(config)).some(({ state }) => state === 'running')).toBe(false);
  },
);

test('without a stack its addresses, a restart and a signal are SANDBOX_009 with the way to start one', async () => {
  const config = await ownHome();
  const remedy = { code: 'SANDBOX_009', hint: 'Start it with `bd dev up`.' };
  await expect(adminEnv(config)).rejects.toMatchObject(remedy);
  await expect(restart(config, 'redis')).rejects.toMatchObject(remedy);
  await up(config, { only: ['redis'] });
  await expect(restart(config, 'nonsense')).rejects.toMatchObject({ code: 'SANDBOX_008' });
  await expect(restart(config, 'worker')).rejects.toMatchObject({ code: 'SANDBOX_007' });
});

test('a port that somebody has taken meanwhile is replaced, and told', async () => {
  const config = await ownHome();
  await up(config, { only: ['redis'] });
  const before = (await statusOf(config, 'redis')).address;
  await down(config);
  const squatter = createServer();
  const port = Number(before?.split(':')[1]);
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void squatter.close());
  const told: string[] = [];
  await up(config, { only: ['redis'], onProgress: ({ text }) => told.push(text) });
  const after = (await statusOf(config, 'redis')).address;
  expect(after).not.toBe(before);
  expect(told.join('\n')).toContain('redis is taken');
});

/** A directory for PATH whose `redis-server` is a script. */
async function pathWith(config: { home: string }, script: string): Promise<Record<string, string>> {
  const directory = join(config.home, 'path');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'redis-server'), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, 'redis-server'), 0o755);
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return { PATH: `${directory}:${process.env.PATH}` };
}

const { executable, version } = BINARIES.redis;
const cached = join(
  cacheDirectory(process.env),
  `${executable}-${version}-${process.platform}-${process.arch}`,
  executable,
);

test('a port stolen between the choice and the start costs another attempt, not the start', async () => {
  const config = await ownHome();
  const once = join(config.home, 'stolen');
  const env = await pathWith(
    config,
    `[ "$1" = --version ] && exec ${cached} --version
     [ -e ${once} ] || { touch ${once}; echo 'bind: Address already in use' >&2; exit 1; }
     exec ${cached} "$@"`,
  );
  const told: string[] = [];
  await up(config, { only: ['redis'], env, onProgress: ({ text }) => told.push(text) });
  expect(told.join('\n')).toContain('its port was taken, trying another');
  expect((await statusOf(config, 'redis')).state).toBe('running');
  await rm(once);
});

test('a server that does not start fails the whole start with its last words, and nothing stays', async () => {
  const config = await ownHome();
  const script = `[ "$1" = --version ] && { echo 'Redis server v=7.2.0'; exit; }
    echo 'the disk is on fire' >&2; exit 3`;
  const env = await pathWith(config, script);
  await expect(up(config, { env })).rejects.toMatchObject({
    code: 'SANDBOX_009',
    message: expect.stringMatching(/redis did not start[^]*the disk is on fire/) as string,
  });
  expect(processesOf(config.home)).toEqual([]);
});

test('a stack in the foreground ends with the process that runs it, and is not started twice', async () => {
  const config = await ownHome();
  await up(config, { only: ['redis'] });
  await expect(up(config, { foreground: true })).rejects.toMatchObject({ code: 'SANDBOX_007' });
  await down(config);
  const ended = up(config, { foreground: true, only: ['redis'] });
  await until('it runs', async () => (await statusOf(config, 'redis')).state === 'running');
  await down(config);
  await ended;
  expect(processesOf(config.home)).toEqual([]);
});

test('the stack file that is lost while the stack runs is written again', async () => {
  const config = await ownHome();
  await up(config, { only: ['redis'] });
  const before = await readFile(stackFilePath(config.home), 'utf8');
  await writeFile(stackFilePath(config.home), before.slice(0, 40));
  await up(config);
  expect(await readFile(stackFilePath(config.home), 'utf8')).toBe(before);
});

test('passwords that are lost while the data is there are an error, not a new set, and a new master secret is told', async () => {
  const config = await ownHome();
  await up(config, { only: ['postgres'] });
  await down(config);
  const path = join(config.home, 'credentials.json');
  const kept = await readFile(path, 'utf8');
  await rm(path);
  await expect(up(config, { only: ['postgres'] })).rejects.toMatchObject({ code: 'SANDBOX_008' });
  await writeFile(path, kept, { mode: 0o600 });
  await rm(masterKeyPath(config.home));
  const told: string[] = [];
  const onProgress = ({ text }: Progress): void => void told.push(text);
  const { urls } = await up(config, { only: ['postgres'], onProgress });
  expect(told.join('\n')).toContain('master.key is lost, another is made');
  await withPostgres(urls.admin.database, (sql) => sql`SELECT 1`.execute());
});

test('the tenants of Redis survive a restart of the stack, since its users are kept', async () => {
  const config = await ownHome();
  const first = await up(config, { only: ['redis'] });
  await withRedis(first.urls.worker.redis, async (redis) => {
    await redis.call(
      'ACL',
      'SETUSER',
      'sandbox_x',
      'on',
      '>secret',
      '~sandbox:x:*',
      '+get',
      '+ping',
    );
    await redis.call('ACL', 'SAVE');
  });
  await down(config);
  const { urls } = await up(config, { only: ['redis'] });
  const tenant = `redis://sandbox_x:secret@${new URL(urls.worker.redis).host}`;
  expect(await withRedis(tenant, (redis) => redis.get('sandbox:x:k'))).toBeNull();
});

test('a home below a directory that only root may enter serves all the same', async () => {
  const config = await ownHome();
  await chmod(config.home, 0o700);
  const nested = loadConfig({ SANDBOX_HOME: join(config.home, `it's "deep"/é`) });
  const { urls } = await up(nested, { only: ['postgres'] });
  await withPostgres(urls.admin.database, (sql) => sql`SELECT 1`.execute());
  const [{ pid }] = [await statusOf(nested, 'postgres')];
  const owner = await readFile(`/proc/${pid}/status`, 'utf8');
  expect(owner).not.toMatch(/^Uid:\s+0\s/m);
  await down(nested, { purge: true });
  await rm(join(config.home, `it's "deep"`), { recursive: true });
});

test('the supervisor answers nobody without its token', async () => {
  const config = await ownHome();
  await up(config, { only: ['redis'] });
  const lock = JSON.parse(await readFile(join(config.home, 'supervisor.json'), 'utf8')) as {
    controlPort: number;
  };
  const url = `http://127.0.0.1:${lock.controlPort}`;
  expect((await fetch(`${url}/status`)).status).toBe(401);
  expect((await fetch(`${url}/down`, { method: 'POST' })).status).toBe(401);
  expect((await statusOf(config, 'redis')).state).toBe('running');
});

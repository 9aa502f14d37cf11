/** The parts of the local stack, one by one: addresses, secrets, logs and the control port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addressBook, stackState } from '../../../deploy/stack/addresses.js';
import { displayAddress } from '../../../platform/addresses/login.js';
import { endLeftovers } from '../../../deploy/stack/identity.js';
import { ask, startControl } from '../../../deploy/stack/control.js';
import { cacheDirectory } from '../../../deploy/stack/environment.js';
import { makeHome, purgeHome } from '../../../deploy/stack/home.js';
import { adminEnv } from '../../../deploy/stack/index.js';
import { identify } from '../../../deploy/stack/identity.js';
import { openLog } from '../../../deploy/stack/child.js';
import { Ports } from '../../../deploy/stack/ports.js';
import { processService } from '../../../deploy/stack/processes.js';
import { ensureMasterSecret, loadCredentials } from '../../../deploy/stack/secrets.js';
import { stoppedStatus } from '../../../deploy/stack/foreign.js';
import { SandboxError } from '../../../domain/errors.js';
import { loadConfig } from '../../../platform/config.js';
import { masterKeyPath } from '../../../platform/master-secret.js';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-parts-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe('addresses', () => {
  it('of a server that is given are the given ones, and nobody has keys for it', async () => {
    const paths = await makeHome(await directory());
    const ports = await Ports.load(paths.ports);
    const credentials = await loadCredentials(paths, false);
    const given = { NATS_URL: 'nats://elsewhere:4222', SANDBOX_NATS_AUTHORITY: '{}' };
    const bookOf = (env: Record<string, string>) =>
      stackState(addressBook(loadConfig(env), new Set(), ports, credentials), new Date());
    expect(bookOf(given)).toMatchObject({ natsAuthority: '{}', ingestNatsUrl: given.NATS_URL });
    const { SANDBOX_NATS_AUTHORITY: _none, ...withoutKeys } = given;
    expect(bookOf(withoutKeys)).not.toHaveProperty('natsAuthority');
    expect(bookOf(given).sysNatsUrl).toBe('');
    expect(bookOf({}).urls.admin).toEqual({ database: '', redis: '', nats: '' });
    expect(() => ports.of('redis')).toThrow(/was not reserved/);
  });

  it('are all the environment’s where it names all: no stack is asked', async () => {
    const env = {
      ...{ TEMPORAL_ADDRESS: 'a:1', DATABASE_URL: 'postgres://b/x' },
      ...{ REDIS_URL: 'redis://c', NATS_URL: 'nats://d' },
    };
    expect(await adminEnv(loadConfig({ ...env, SANDBOX_HOME: '/nonexistent' }))).toEqual(env);
  });

  it('are shown without what is secret in them, also of a server that does not answer', async () => {
    expect(displayAddress('redis://user:secret@host:1/0')).toBe('host:1');
    expect(displayAddress('host:7233')).toBe('host:7233');
    const shown = await stoppedStatus(loadConfig({ REDIS_URL: 'redis://u:secret@127.0.0.1:1' }));
    expect(JSON.stringify(shown)).not.toContain('secret');
    expect(shown.find(({ name }) => name === 'redis')).toMatchObject({
      ...{ state: 'unreachable', address: '127.0.0.1:1' },
      detail: expect.stringContaining('ECONNREFUSED') as string,
    });
  });
});

it.each([
  [{ SANDBOX_CACHE: '/a/b' }, '/a/b'],
  [{ SANDBOX_CACHE: '', XDG_CACHE_HOME: '/x' }, '/x/discord-server-sandboxes'],
  [{ XDG_CACHE_HOME: '' }, join(homedir(), '.cache/discord-server-sandboxes')],
  [{}, join(homedir(), '.cache/discord-server-sandboxes')],
])('binaries are kept, with %j, in %s', (env, path) => {
  expect(cacheDirectory(env)).toBe(path);
});

describe('a home', () => {
  it('is purged of what is ours, drafts of killed processes included, and of nothing else', async () => {
    const home = await directory();
    await makeHome(home);
    for (const name of ['stack.json.123', 'ports.json.1.ab', 'mine.json', 'stack.jsonx'])
      await writeFile(join(home, name), '');
    await purgeHome(home);
    expect((await readdir(home)).sort()).toEqual(['mine.json', 'stack.jsonx']);
  });

  it('whose passwords cannot be read, or whose secret is empty, is an error, not a new set', async () => {
    const paths = await makeHome(await directory());
    await writeFile(paths.credentials, '{"postgres":');
    await expect(loadCredentials(paths, true)).rejects.toMatchObject({
      ...{ code: 'SANDBOX_008', message: expect.stringContaining('cannot be read') as string },
    });
    const config = loadConfig({ SANDBOX_HOME: paths.home });
    await writeFile(masterKeyPath(paths.home), '\n');
    await expect(ensureMasterSecret(config)).rejects.toMatchObject({
      ...{ code: 'SANDBOX_008', message: expect.stringContaining('is empty') as string },
    });
  });

  it('gets one master secret, however many make it at once', async () => {
    const { home } = await makeHome(await directory());
    const config = loadConfig({ SANDBOX_HOME: home });
    const made = await Promise.all(Array.from({ length: 8 }, () => ensureMasterSecret(config)));
    expect(new Set(made).size).toBe(1);
    expect(made[0]).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(masterKeyPath(home))).mode & 0o777).toBe(0o600);
    await expect(
      ensureMasterSecret(loadConfig({ SANDBOX_HOME: join(home, 'gone') })),
    ).rejects.toThrow();
  });
});

it('a log that has grown long makes way for a new one', async () => {
  const path = join(await directory(), 'redis.log');
  await writeFile(path, Buffer.alloc(6 * 1_048_576, 'x'));
  openLog(path);
  expect([(await stat(path)).size, (await stat(`${path}.1`)).size]).toEqual([0, 6 * 1_048_576]);
});

it('a Postgres that was left running is asked to end at once, not to wait for its clients', async () => {
  const path = join(await directory(), 'children.json');
  const waits = 'trap "exit 7" INT; trap "" TERM; echo; while :; do sleep 0.05; done';
  const child = spawn('sh', ['-c', waits], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  await writeFile(path, JSON.stringify({ postgres: identify(child.pid ?? 0) }));
  expect(await endLeftovers(path)).toEqual(['postgres']);
  expect(await ended).toEqual([7, null]);
});

describe('the control port', () => {
  async function controlled(change: object = {}) {
    const commands = {
      status: () => Promise.resolve({ phase: 'running' as const, services: [], troubles: [] }),
      restart: () => Promise.reject(new Error('the disk is full')),
      signal: () => 7,
      down: () => undefined,
      ...change,
    };
    const control = await startControl('token', commands);
    onTestFinished(() => control.close());
    const holder = { pid: process.pid, start: 'x', nonce: 'x', token: 'token' };
    return { control, holder: { ...holder, controlPort: control.port } };
  }

  it('tells a caller what went wrong, whatever it was', async () => {
    const { control, holder } = await controlled();
    expect(await ask(holder, 'status')).toEqual({ phase: 'running', services: [], troubles: [] });
    expect(await ask(holder, 'signal', { name: 'redis', signal: 'SIGTERM' })).toEqual({ pid: 7 });
    await expect(ask(holder, 'signal', { name: 'nonsense' })).rejects.toMatchObject({
      ...{ code: 'SANDBOX_008', hint: expect.stringContaining('Name one of') as string },
    });
    await expect(ask(holder, 'restart', { name: 'redis' })).rejects.toMatchObject({
      ...{ code: 'SANDBOX_009', message: 'the disk is full' },
    });
    const response = await fetch(`http://127.0.0.1:${control.port}/nonsense`, {
      headers: { authorization: 'Bearer token' },
    });
    expect(await response.json()).toMatchObject({ code: 'SANDBOX_004' });
    await control.close();
    await expect(ask(holder, 'status')).rejects.toMatchObject({
      ...{ code: 'SANDBOX_009', hint: expect.stringContaining('supervisor.log') as string },
    });
  });

  it('passes on the supervisor’s own refusals with their hints', async () => {
    const refusal = new SandboxError('SANDBOX_007', 'it starts', { hint: 'Wait.' });
    const { holder } = await controlled({ restart: () => Promise.reject(refusal) });
    await expect(ask(holder, 'restart', { name: 'redis' })).rejects.toMatchObject(refusal.toJSON());
  });
});

it('a process of ours is healthy where its page says so, or where it has none', async () => {
  const service = processService('worker', () => ({}));
  await service.probe();
  service.onReady?.({ ready: true });
  await service.probe();
  expect([service.address(), service.metrics()]).toEqual([null, null]);
  // It refuses callers without its token.
  const control = await startControl('token', null as never);
  onTestFinished(() => control.close());
  service.onReady?.({ ready: true, metrics: `http://127.0.0.1:${control.port}/metrics` });
  await expect(service.probe()).rejects.toThrow('HTTP 401');
});

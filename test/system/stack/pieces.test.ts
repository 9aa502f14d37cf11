/** Parts that can fail alone: the lock, the ports, the environment, the ACL file. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { atLeast, parseVersion } from '../../../deploy/stack/binaries.js';
import {
  configEnvironment,
  processEnvironment,
  type ProcessSecrets,
} from '../../../deploy/stack/environment.js';
import { identify, isAlive, signalProcess } from '../../../deploy/stack/identity.js';
import { readLock, takeLock } from '../../../deploy/stack/lock.js';
import { Ports } from '../../../deploy/stack/ports.js';
import { aclFile } from '../../../deploy/stack/redis-users.js';
import { loadConfig } from '../../../platform/config.js';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-pieces-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const CONTROL = { controlPort: 1, token: 'x' };
const dead = { ...CONTROL, pid: 1, start: 'long ago', nonce: 'dead' };

test('of many that take the lock of a dead holder at once exactly one gets it', async () => {
  for (let round = 0; round < 20; round++) {
    const path = join(await directory(), 'lock');
    await writeFile(path, JSON.stringify(dead));
    const taken = await Promise.all(Array.from({ length: 8 }, () => takeLock(path, CONTROL)));
    const locks = taken.flatMap((one) => ('lock' in one ? [one.lock] : []));
    expect(locks).toHaveLength(1);
    expect((await readLock(path))?.pid).toBe(process.pid);
    await locks[0]?.release();
    expect(await readLock(path)).toBeNull();
    expect(await readdir(join(path, '..'))).toEqual([]);
  }
});

test('a half-written lock belongs to nobody', async () => {
  const path = join(await directory(), 'lock');
  await writeFile(path, '{"pid":12');
  expect(await readLock(path)).toBeNull();
  expect('lock' in (await takeLock(path, CONTROL))).toBe(true);
});

test('a process is only signalled when it is the one that was recorded', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('spawn', resolve));
  const identity = identify(child.pid ?? 0);
  if (identity === null) throw new Error('sleep has no identity');
  expect(signalProcess({ ...identity, start: 'another' }, 'SIGKILL')).toBe(false);
  expect(isAlive(identity)).toBe(true);
  expect(signalProcess(identity, 'SIGKILL')).toBe(true);
  await new Promise((resolve) => child.once('exit', resolve));
  expect(isAlive(identity)).toBe(false);
});

test('stacks that choose ports at once never choose the same', async () => {
  const home = await directory();
  const all = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const ports = await Ports.load(join(home, `${i}.json`));
      await ports.reserve(['redis', 'nats', 'postgres']);
      return ports;
    }),
  );
  const chosen = all.flatMap((ports) => [
    ports.of('redis'),
    ports.of('nats'),
    ports.of('postgres'),
  ]);
  expect(new Set(chosen).size).toBe(chosen.length);
  await Promise.all(all.map((ports) => ports.release()));
});

test('ports are the same from one start to the next, unless the file was damaged', async () => {
  const path = join(await directory(), 'ports.json');
  const first = await Ports.load(path);
  await first.reserve(['redis', 'nats']);
  await first.release();
  const second = await Ports.load(path);
  expect(await second.reserve(['redis', 'nats'])).toEqual({ moved: [] });
  expect([second.of('redis'), second.of('nats')]).toEqual([first.of('redis'), first.of('nats')]);
  await second.release();
  await writeFile(path, '{"redis":');
  const third = await Ports.load(path);
  await third.reserve(['redis']);
  await third.release();
});

test('a configuration is the same in the process that gets it through its environment', () => {
  const env = {
    SANDBOX_HOME: '/somewhere',
    SANDBOX_OWNER: 'someone',
    SANDBOX_DEFAULT_TTL: '90m',
    SANDBOX_MIN_TTL: '1s',
    SANDBOX_MAX_TTL: '2w',
    SANDBOX_SWEEP_INTERVAL: '0.5s',
    SANDBOX_MAX_PER_OWNER: '7',
    SANDBOX_REDIS_ACL: 'off',
    SANDBOX_PRODUCTION_SUBJECTS: 'events.*,commands.x.>',
    SANDBOX_ROUTER_FORM: 'plain',
    SANDBOX_STREAM_PROFILE: 'best-effort',
    SANDBOX_MAX_CONTROL_LINE: '8192',
    SANDBOX_METRICS_HOST: '::',
    SANDBOX_METRICS_PORT: '9464',
    SANDBOX_EMF: 'on',
    SANDBOX_TASK_QUEUE: 'mine',
    SANDBOX_DEPLOYMENT: 'sandboxes',
    SANDBOX_BUILD_ID: 'one',
    TEMPORAL_NAMESPACE: 'other',
    TEMPORAL_UI_URL: 'https://ui.example',
    REDIS_URL: 'redis://elsewhere:1',
    LOG_LEVEL: 'debug',
  };
  const config = loadConfig(env);
  const foreign = { DATABASE_URL: 'postgres://tenant', SANDBOX_ID: 'x', SANDBOX_MIN_TTL: '9h' };
  const passed = configEnvironment(config, { ...foreign, HOME: '/home/x' });
  expect(loadConfig(passed)).toEqual(config);
  expect(passed.HOME).toBe('/home/x');
});

test('each secret reaches the processes that hold it, and no other through the environment', () => {
  const secret = 's'.repeat(64);
  const names = {
    masterSecret: 'SANDBOX_MASTER_SECRET',
    tenantKey: 'SANDBOX_TENANT_KEY',
    actorKey: 'SANDBOX_ACTOR_KEY',
    natsAuthority: 'SANDBOX_NATS_AUTHORITY',
  };
  const base = Object.fromEntries(Object.values(names).map((name) => [name, secret]));
  const urls = { database: 'd', redis: 'r', nats: 'n' };
  for (const [field, name] of Object.entries(names)) {
    const of = (secrets: ProcessSecrets): Record<string, string> =>
      processEnvironment(loadConfig(base), base, {
        ...{ urls, temporal: 't', metricsPort: 0, secrets },
      });
    expect(of({ [field]: secret })[name]).toBe(secret);
    expect(of({})[name]).toBeUndefined();
  }
});

test('the secret of simulated Discord reaches its own process, and no other', () => {
  const secret = 's'.repeat(64);
  const base = { SANDBOX_DISCORD_SECRET: secret, SANDBOX_DISCORD_PORT: '7' };
  const of = (secrets: ProcessSecrets): Record<string, string> =>
    processEnvironment(loadConfig(base), base, {
      urls: { database: '', redis: '', nats: '' },
      ...{ temporal: '', metricsPort: 0, secrets },
    });
  expect(of({ discord: { port: 8, secret } })).toMatchObject({
    ...{ SANDBOX_DISCORD_SECRET: secret, SANDBOX_DISCORD_PORT: '8' },
  });
  expect(of({})).not.toHaveProperty('SANDBOX_DISCORD_SECRET');
});

test('an ACL file keeps the tenants and renews our own users', () => {
  const passwords = { admin: 'a', bd_client: 'c', bd_api: 'i', bd_worker: 'w', bd_router: 'r' };
  const tenant = 'user sandbox_x on #abc ~sandbox:x:* -@all +get';
  const before = ['user default on nopass ~* &* +@all', 'user bd_router on +@all', tenant].join(
    '\n',
  );
  const after = aclFile(passwords, before).split('\n');
  expect(after).toContain(tenant);
  expect(after.filter((line) => line.startsWith('user default '))).toEqual([
    'user default off resetchannels -@all',
  ]);
  expect(after.filter((line) => line.startsWith('user bd_router '))).toHaveLength(1);
  expect(aclFile(passwords, after.join('\n'))).toBe(after.join('\n'));
});

test.each([
  ['Redis server v=7.0.15 sha=00000000:0', [7, 0, 15]],
  ['Valkey server v=9.1.2 sha=00000000:1', [9, 1, 2]],
  ['nats-server: v2.15.1', [2, 15, 1]],
  ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', [1, 9, 1]],
  ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', [15, 18, 0]],
  ['postgres (PostgreSQL) 19beta1', null],
] as const)('the version in %j is %j', (text, version) => {
  expect(parseVersion(text)).toEqual(version);
});

test('versions compare by number', () => {
  expect(atLeast([2, 14, 0], [2, 9, 9])).toBe(true);
  expect(atLeast([2, 9, 9], [2, 14, 0])).toBe(false);
  expect(atLeast([7, 0, 0], [7, 0, 0])).toBe(true);
});

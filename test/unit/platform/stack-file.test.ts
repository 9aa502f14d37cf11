/**
 * How a process finds its servers: from the environment, else from the local stack's file, else it
 * fails with a remedy.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig, type Config } from '../../../platform/config.js';
import { masterKeyPath, readMasterSecret } from '../../../platform/master-secret.js';
import {
  addressesFor,
  readNatsAuthority,
  readStackFile,
  stackFilePath,
  writeStackFile,
  type StackState,
} from '../../../platform/stack-file.js';

const GIVEN = {
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  DATABASE_URL: 'postgres://given/x',
  REDIS_URL: 'redis://given',
  NATS_URL: 'nats://given',
};
const urlsOf = (role: string) => ({
  database: `postgres://${role}/x`,
  redis: `redis://${role}`,
  nats: `nats://${role}`,
});
const STATE: StackState = {
  version: 1,
  pid: 1,
  startedAt: new Date(0).toISOString(),
  temporal: { address: '127.0.0.1:2', uiUrl: null },
  urls: {
    ...{ admin: urlsOf('admin'), client: urlsOf('client'), api: urlsOf('api') },
    ...{ worker: urlsOf('worker'), router: urlsOf('router') },
  },
  ingestNatsUrl: 'nats://ingest',
  natsAuthority: 'keys',
};

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sandbox-file-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
});
const configOf = (env: Record<string, string> = {}): Config =>
  loadConfig({ ...env, SANDBOX_HOME: home });
const withStack = (change: Partial<StackState> = {}): Promise<void> =>
  writeStackFile(home, { ...STATE, ...change });

describe('the state file', () => {
  it('is null if no stack runs', () => {
    expect(readStackFile(home)).toBeNull();
  });

  it.each([
    ['half of one', '{"version":1,"pid":'],
    ['one of another version', JSON.stringify({ ...STATE, version: 2 })],
  ])('is refused with a remedy: %s', async (_what, text) => {
    await writeFile(stackFilePath(home), text);
    expect(() => readStackFile(home)).toThrow(
      expect.objectContaining({
        code: 'SANDBOX_008',
        hint: expect.stringContaining('bd dev down') as string,
      }),
    );
  });

  it('that cannot be read is an error with its path and the reason', async () => {
    await mkdir(stackFilePath(home));
    expect(() => readStackFile(home)).toThrow(/stack\.json cannot be read: EISDIR/);
  });
});

describe('a role’s addresses', () => {
  it('come from the environment first, then from the stack, each by itself', async () => {
    await withStack();
    expect(addressesFor(configOf(), 'worker')).toEqual({
      ...urlsOf('worker'),
      temporal: '127.0.0.1:2',
    });
    const { REDIS_URL, TEMPORAL_ADDRESS } = GIVEN;
    expect(addressesFor(configOf({ REDIS_URL, TEMPORAL_ADDRESS }), 'client')).toEqual({
      ...urlsOf('client'),
      redis: REDIS_URL,
      temporal: TEMPORAL_ADDRESS,
    });
  });

  it('need no stack if the environment has all of them, even if the stack’s file is damaged', async () => {
    await writeFile(stackFilePath(home), '{');
    expect(addressesFor(configOf(GIVEN), 'client').nats).toBe(GIVEN.NATS_URL);
  });

  it.each(['temporal', 'database', 'redis', 'nats'] as const)(
    'without one for %s are an error that names it',
    async (what) => {
      const empty = { ...urlsOf('client'), ...(what === 'temporal' ? {} : { [what]: '' }) };
      const address = what === 'temporal' ? '' : '127.0.0.1:2';
      await withStack({
        urls: { ...STATE.urls, client: empty },
        temporal: { address, uiUrl: null },
      });
      expect(() => addressesFor(configOf(), 'client')).toThrow(
        expect.objectContaining({
          code: 'SANDBOX_009',
          details: { dependency: what === 'database' ? 'postgres' : what },
        }),
      );
    },
  );

  it('of a router include no Temporal, because it needs none', () => {
    const { TEMPORAL_ADDRESS: _none, ...rest } = GIVEN;
    expect(addressesFor(configOf(rest), 'router').temporal).toBe('');
    expect(addressesFor(configOf(GIVEN), 'router').temporal).toBe(GIVEN.TEMPORAL_ADDRESS);
  });
});

it('the master secret and NATS’ keys come from the environment, else from the home, else there are none', async () => {
  const SANDBOX_MASTER_SECRET = 'm'.repeat(32);
  expect([readMasterSecret(configOf()), readNatsAuthority(configOf())]).toEqual([null, null]);
  await withStack();
  await writeFile(masterKeyPath(home), 'of the home\n');
  expect([readMasterSecret(configOf()), readNatsAuthority(configOf())]).toEqual([
    'of the home',
    'keys',
  ]);
  const given = configOf({ SANDBOX_MASTER_SECRET, SANDBOX_NATS_AUTHORITY: 'given' });
  expect([readMasterSecret(given), readNatsAuthority(given)]).toEqual([
    SANDBOX_MASTER_SECRET,
    'given',
  ]);
  // The stack's keys do not belong to another server.
  expect(readNatsAuthority(configOf({ NATS_URL: GIVEN.NATS_URL }))).toBeNull();
  await withStack({ natsAuthority: undefined });
  expect(readNatsAuthority(configOf())).toBeNull();
});

/** A sandbox's health over HTTP: a worker looks, and the API answers within 5 s in any case. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { healthWorkflowId, type SandboxHealth } from '../../../domain/health.js';
import { parseSandboxId } from '../../../domain/names.js';
import { signalService } from '../../../deploy/stack/index.js';
import { answerOf, ask, startApi, tokenOf } from '../../support/api.js';
import { freeze } from '../../support/freeze.js';
import {
  openClient,
  someGuild,
  someName,
  someOwner,
  stackConfig,
  until,
} from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';

interface Seen extends SandboxHealth {
  readonly millis: number;
}

/** Destroyed when the test ends. */
async function someSandbox() {
  const owner = someOwner();
  const client = openClient({ SANDBOX_OWNER: owner });
  const sandbox = await client.create({ ttl: '1h', guildIds: [someGuild()] });
  onTestFinished(async () => {
    await client.destroy(sandbox.id);
  });
  const token = await tokenOf(owner);
  const look = async (url?: string): Promise<Seen> => {
    const began = performance.now();
    const asked = await ask(`GET /v1/sandboxes/${sandbox.id}/health`, {
      token,
      ...(url === undefined ? {} : { url }),
    });
    const health = answerOf('getHealth', asked) as SandboxHealth;
    return { ...health, millis: performance.now() - began };
  };
  return { client, sandboxId: parseSandboxId(sandbox.id), look };
}

const statesOf = ({ checks }: SandboxHealth): Record<string, string> =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]));

const detailOf = ({ checks }: SandboxHealth, wanted: string): string =>
  checks.find(({ name }) => name === wanted)?.detail ?? '';

const WELL = {
  workflow: 'ok',
  'postgres-schema': 'ok',
  'redis-keyspace': 'ok',
  'nats-subjects': 'ok',
  'guild-routes': 'ok',
};

describe('the health of a sandbox over HTTP', () => {
  it('is that of bd, which asks the servers itself', async () => {
    const { client, sandboxId, look } = await someSandbox();
    const direct = await client.status(sandboxId);
    const { millis: _millis, ...seen } = await look();
    const same = { expiresInMs: 0, lastEventAt: '', eventsWaiting: 0 };
    expect({ ...seen, ...same }).toEqual({ ...direct, ...same });
    expect(statesOf(seen)).toEqual(WELL);
    expect(seen).toMatchObject({ health: 'healthy', sandbox: { id: sandboxId } });
  });

  it('shows what waits, and when the last event came', async () => {
    const { client, sandboxId, look } = await someSandbox();
    expect(await look()).toMatchObject({ eventsWaiting: 0, lastEventAt: null });
    await client.emit(sandboxId, [{ type: 'X', payload: '{}' }]);
    let seen = await look();
    while (seen.eventsWaiting === 0) seen = await look();
    expect(seen.eventsWaiting).toBe(1);
    expect(Math.abs(Date.parse(seen.lastEventAt ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('names a server that stands still, and has the answers of the others', async () => {
    const { look } = await someSandbox();
    const thaw = await freeze('redis');
    const seen = await look();
    await thaw();
    const away = { 'redis-keyspace': 'error', 'guild-routes': 'error' };
    expect(statesOf(seen)).toEqual({ ...WELL, ...away });
    expect(detailOf(seen, 'redis-keyspace')).toContain('Redis');
    expect(seen).toMatchObject({ health: 'unhealthy', eventsWaiting: 0 });
    expect(seen.millis).toBeLessThan(5_000);
  });

  it('without a worker is answered all the same, and says so', async () => {
    const { look } = await someSandbox();
    const { url } = await startApi({ SANDBOX_TASK_QUEUE: `nobody-${someName()}` });
    const seen = await look(url);
    expect(statesOf(seen)).toEqual({ workflow: 'ok', worker: 'error' });
    expect(detailOf(seen, 'worker')).toMatch(/^no worker asks for work of task queue nobody-/);
    expect(seen).toMatchObject({ health: 'degraded', eventsWaiting: null, lastEventAt: null });
    expect(seen.millis).toBeLessThan(5_000);
  });

  it('with a worker that stands still is answered, and is well again with it', async () => {
    const { look } = await someSandbox();
    await signalService(stackConfig(), 'worker', 'SIGSTOP');
    const stopped = await look().finally(() => signalService(stackConfig(), 'worker', 'SIGCONT'));
    expect(statesOf(stopped)).toEqual({ workflow: 'ok', worker: 'error' });
    // Which of them: whether Temporal gave the task to one of its last polls.
    expect(detailOf(stopped, 'worker')).toMatch(
      /^(A worker did not answer within 4500 ms|no worker has asked for work of)/,
    );
    expect(stopped.millis).toBeLessThan(5_000);
    let seen = await look();
    while (seen.health !== 'healthy') seen = await look();
    expect(statesOf(seen)).toEqual(WELL);
  });

  it('without Temporal is answered, and names it', async () => {
    const { look } = await someSandbox();
    const { url } = await startApi({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const seen = await look(url);
    expect(statesOf(seen)).toEqual({ workflow: 'error', worker: 'error' });
    for (const name of ['workflow', 'worker']) expect(detailOf(seen, name)).toContain('Temporal');
    // As `bd` says, which asks the servers itself: one server is away.
    expect(seen.health).toBe('degraded');
    expect(seen.millis).toBeLessThan(5_000);
  });

  it('with a Temporal that stands still is answered', async () => {
    const { look } = await someSandbox();
    await look();
    const thaw = await freeze('temporal');
    const seen = await look();
    await thaw();
    expect(statesOf(seen)).toEqual({ workflow: 'error', worker: 'error' });
    expect(seen.millis).toBeLessThan(5_000);
  });

  it('is one look for all callers at the same time', async () => {
    const { sandboxId, look } = await someSandbox();
    const { client } = await openRunTemporal();
    const runOf = async (): Promise<string | null> =>
      client.workflow
        .getHandle(healthWorkflowId(sandboxId))
        .describe()
        .then(({ runId }) => runId)
        .catch(() => null);
    // So that the look lasts.
    const thaw = await freeze('redis');
    const first = look();
    const run = await until('it looks', runOf, 3_000);
    const [one, two] = await Promise.all([first, look()]);
    await thaw();
    expect(await runOf()).toBe(run);
    expect(two.checks).toEqual(one.checks);
    await look();
    expect(await runOf()).not.toBe(run);
  });
});

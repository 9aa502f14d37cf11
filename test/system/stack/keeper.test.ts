/** The keeper of one service, with scripts as services: a failing start, a restart, and its end. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Bookkeeping } from '../../../deploy/stack/bookkeeping.js';
import { isAlive } from '../../../deploy/stack/identity.js';
import { Keeper } from '../../../deploy/stack/keeper.js';
import type { Service } from '../../../deploy/stack/service.js';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-parts-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe('the keeper of a service', () => {
  async function kept(script: string, change: Partial<Service> = {}) {
    const logDir = await directory();
    const service: Service = {
      ...{ name: 'redis', stopSignal: 'SIGTERM', deathSignal: 'SIGKILL' },
      ...{ stopWithinMs: 300, startWithinMs: 400, address: () => null, metrics: () => null },
      launch: () =>
        Promise.resolve({
          command: 'sh',
          args: ['-c', script],
          env: { PATH: process.env.PATH ?? '' },
        }),
      probe: () => Promise.resolve(),
      ...change,
    };
    const told: string[] = [];
    const books = new Bookkeeping(logDir, (text) => told.push(text));
    onTestFinished(() => {
      books.close();
    });
    const keeper = new Keeper(service, {
      ...{ logDir, onChild: () => Promise.resolve(), onChange: (text: string) => told.push(text) },
      books,
    });
    onTestFinished(() => keeper.close());
    return { keeper, told, log: () => readFile(join(logDir, 'redis.log'), 'utf8') };
  }
  const STAYS = 'echo here; exec sleep 60';

  it.each<[string, string, Partial<Service>, RegExp]>([
    [
      'does not answer',
      STAYS,
      { probe: () => Promise.reject(new Error('deaf')) },
      /not ready within 0\.4 s: deaf\n {2}\| here/,
    ],
    [
      'does not say that it is ready',
      STAYS,
      { onReady: () => undefined },
      /it does not say that it is ready/,
    ],
    [
      'ends',
      'echo bye; exit 3',
      { probe: () => Promise.reject(new Error('x')) },
      /it ended with exit code 3\n {2}\| bye/,
    ],
    [
      'cannot be prepared',
      STAYS,
      { afterStart: () => Promise.reject(new Error('no room')) },
      /did not start: no room/,
    ],
    [
      'does not end when asked',
      `trap "" TERM; ${STAYS.replace('exec ', '')}; sleep 60`,
      { probe: () => Promise.reject(new Error('deaf')) },
      /not ready/,
    ],
  ])(
    'that %s fails its start, with its last words, and leaves no process',
    async (_what, script, change, reason) => {
      const { keeper } = await kept(script, change);
      await expect(keeper.start()).rejects.toThrow(reason);
      expect([keeper.identity, (await keeper.status()).state]).toEqual([null, 'failed']);
    },
  );

  it('that was closed is not started again', async () => {
    const { keeper } = await kept(STAYS);
    await keeper.start();
    const { identity } = keeper;
    await keeper.close();
    expect(identity !== null && isAlive(identity)).toBe(false);
    await expect(keeper.start()).rejects.toThrow('was stopped');
  });

  it('that is stopped while it starts leaves no process', async () => {
    const { keeper } = await kept(STAYS, { probe: () => Promise.reject(new Error('not yet')) });
    const starting = keeper.start().catch((error: unknown) => String(error));
    await keeper.close();
    expect(await starting).toMatch(/was stopped/);
    expect(keeper.identity).toBeNull();
  });

  it('that keeps dying is started again and again, ever more slowly, until it is stopped', async () => {
    const { keeper, told } = await kept('sleep 0.05');
    await keeper.start();
    await expect.poll(() => told.length, { timeout: 15_000 }).toBeGreaterThan(3);
    await keeper.close();
    const { length } = told;
    expect(told[0]).toContain('ended unexpectedly (exit code 0), starting it again');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(told).toHaveLength(length);
  });

  it('that answers, and only a restart helps it, is restarted once it has said so three times', async () => {
    let needed: string | null = null;
    const { keeper, told } = await kept(STAYS, { needsRestart: () => Promise.resolve(needed) });
    await keeper.start();
    const before = keeper.identity?.pid;
    needed = 'its stream is broken';
    await expect.poll(() => told.join(), { timeout: 30_000 }).toContain('its stream is broken');
    needed = null;
    await expect.poll(() => keeper.identity?.pid ?? before, { timeout: 15_000 }).not.toBe(before);
    await expect.poll(() => told.at(-1), { timeout: 15_000 }).toBe('runs again');
  });
});

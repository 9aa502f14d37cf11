/**
 * `/healthz` and `/readyz` of worker and router while each server is really down, and after its
 * return.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { down, status, up, type ServiceName } from '../../../deploy/stack/index.js';
import { loadConfig, type Config } from '../../../platform/config.js';
import { delay } from '../../../platform/deadline.js';
import { until } from '../../support/stack.js';

const STALE_MS = 1_500;

let config: Config;
let supervisor = 0;
const pages = new Map<string, string>();

beforeAll(async () => {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-ready-'));
  config = loadConfig({ SANDBOX_HOME: home, SANDBOX_STALE_ROUTES_MS: String(STALE_MS) });
  supervisor = (await up(config)).pid;
  for (const { name, metrics } of await status(config))
    if (metrics !== null) pages.set(name, metrics.replace('/metrics', ''));
});

afterAll(async () => {
  await down(config, { purge: true });
  await rm(config.home, { recursive: true, force: true });
});

type Service = 'worker' | 'router';

const asked = async (service: Service, page: string): Promise<{ code: number; text: string }> => {
  const response = await fetch(`${pages.get(service)}${page}`);
  return { code: response.status, text: await response.text() };
};

const bothReady = (): Promise<unknown> =>
  until('both are ready', async () => {
    const codes = await Promise.all([asked('worker', '/readyz'), asked('router', '/readyz')]);
    return codes.every(({ code }) => code === 200);
  });

/**
 * The server stays down until `back`: the stack's supervisor, which would restart it, is stopped.
 */
async function gone(...servers: ServiceName[]): Promise<{ back: () => void }> {
  const services = await status(config);
  process.kill(supervisor, 'SIGSTOP');
  for (const server of servers)
    process.kill(services.find(({ name }) => name === server)?.pid ?? 0, 'SIGKILL');
  return { back: () => process.kill(supervisor, 'SIGCONT') };
}

async function whileGone(servers: ServiceName[], look: () => Promise<void>): Promise<void> {
  await bothReady();
  const { back } = await gone(...servers);
  try {
    await look();
    // The process runs, whatever it waits for. A liveness probe must not restart it.
    expect((await asked('worker', '/healthz')).code).toBe(200);
    expect((await asked('router', '/healthz')).code).toBe(200);
  } finally {
    back();
  }
  await bothReady();
}

const untilUnready = (service: Service, saying = '"ok":false'): Promise<string> =>
  until(`${service} is not ready`, async () => {
    const { code, text } = await asked(service, '/readyz');
    return code === 503 && text.includes(saying) ? text : null;
  });

describe('the worker', () => {
  it.each(['postgres', 'temporal', 'nats', 'redis'] as const)(
    'is not ready while %s is gone, says so of it alone, and is ready after',
    (server) =>
      whileGone([server], async () => {
        const { detail } = JSON.parse(await untilUnready('worker')) as {
          detail: Record<string, string>;
        };
        const servers = ['postgres', 'temporal', 'nats', 'redis'];
        expect(servers.filter((name) => detail[name] !== 'ok')).toEqual([server]);
        expect(detail.worker).toBe('RUNNING');
      }),
  );
});

describe('the router', () => {
  it('is not ready while NATS is down, and writes again afterwards', () =>
    whileGone(['nats'], async () => {
      await untilUnready('router');
    }));

  it('needs no Temporal', () =>
    whileGone(['temporal'], async () => {
      await untilUnready('worker');
      expect((await asked('router', '/readyz')).code).toBe(200);
    }));

  it.each(['redis', 'postgres'] as const)('routes while only %s is down', (server) =>
    whileGone([server], async () => {
      await untilUnready('worker');
      // Longer than a table without a check counts as valid. That table is empty here, as on the
      // first day.
      await delay(2 * STALE_MS);
      expect((await asked('router', '/readyz')).code).toBe(200);
    }),
  );

  it('stops on purpose and reports it while both Redis and Postgres are down', () =>
    whileGone(['redis', 'postgres'], async () => {
      await untilUnready('router', '"state":"paused"');
    }));
});

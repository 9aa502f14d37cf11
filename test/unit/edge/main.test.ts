/** The process of simulated Discord: how it begins, reports itself, and ends. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { HttpControl } from '../../../edge/simulated/control/http-control.js';
import type { ReadyMessage } from '../../../deploy/stack/service.js';
import { projectRoot } from '../../../platform/project-root.js';
import { simulate } from '../../support/simulated-discord.js';

const MAIN = join(projectRoot(), 'dist/edge/simulated/main.js');
const SANDBOX_DISCORD_SECRET = 's'.repeat(32);

interface Running {
  readonly child: ChildProcess;
  /** Everything that it wrote so far. */
  readonly output: () => string;
  readonly ended: Promise<unknown[]>;
}

function start(env: Record<string, string>): Running {
  const child = fork(MAIN, {
    env: { NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, output: () => output, ended: once(child, 'close') };
}

it('reports its addresses, serves on both, and ends at SIGTERM', async () => {
  const { child, output, ended } = start({ SANDBOX_DISCORD_SECRET, SANDBOX_DISCORD_PORT: '0' });
  const [{ address, metrics }] = (await once(child, 'message')) as [ReadyMessage];
  const url = address ?? '';
  const gateway = await fetch(`${url}/api/v10/gateway`);
  expect(await gateway.json()).toEqual({ url: url.replace('http', 'ws') });
  expect(await new HttpControl(url, SANDBOX_DISCORD_SECRET).guilds()).toHaveLength(2);
  const page = new URL(metrics ?? '');
  expect(await (await fetch(page)).text()).toContain('process_resident_memory_bytes');
  const health = await fetch(new URL('/readyz', page));
  expect(await health.json()).toEqual({ ok: true, detail: { url } });
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(output()).toContain('it is not discord.com');
  expect(output()).not.toContain(SANDBOX_DISCORD_SECRET);
});

it('does not start without a secret', async () => {
  const { ended, output } = start({});
  expect(await ended).toEqual([2, null]);
  expect(output()).toContain('SANDBOX_008 SANDBOX_DISCORD_SECRET is not set');
  expect(output()).toContain('bd dev up');
});

it('does not start on a port that is taken, and names the variable', async () => {
  const { discord } = await simulate({}, onTestFinished);
  const { port } = new URL(discord.url);
  const { ended, output } = start({ SANDBOX_DISCORD_SECRET, SANDBOX_DISCORD_PORT: port });
  expect(await ended).toEqual([2, null]);
  expect(output()).toMatch(/cannot listen: .*EADDRINUSE/);
  expect(output()).toContain('SANDBOX_DISCORD_PORT');
});

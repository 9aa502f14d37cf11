/** A stack for one test: its configuration, and every process that belongs to it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { down, status, type ServiceStatus } from '../../../deploy/stack/index.js';
import { loadConfig, type Config } from '../../../platform/config.js';
import type { StackState } from '../../../platform/stack-file.js';
import { until } from '../../support/stack.js';

export const SERVERS = ['temporal', 'postgres', 'nats', 'redis'] as const;
export const PROCESSES = ['worker', 'router', 'api', 'discord'] as const;

/** Stopped and removed when the test is over. */
export async function ownHome(env: Record<string, string> = {}): Promise<Config> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-own-'));
  const config = loadConfig({ SANDBOX_OWNER: 'tester', ...env, SANDBOX_HOME: home });
  onTestFinished(async () => {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  });
  return config;
}

const read = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};

/** `pid command` of every living process that has the home in its environment or works in it. */
export function processesOf(home: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  return pids.flatMap((pid) => {
    if (Number(pid) === process.pid) return [];
    const command = read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    const environment = read(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
    const directory = read(() => readlinkSync(`/proc/${pid}/cwd`));
    const belongs = [command, environment, directory].some((text) => text.includes(home));
    return belongs ? [`${pid} ${command}`] : [];
  });
}

export async function untilNoneLeft(home: string, millis = 10_000): Promise<void> {
  await until(
    'no process of the stack is left',
    () => Promise.resolve(processesOf(home).length === 0),
    millis,
  );
}

export async function statusOf(config: Config, name: string): Promise<ServiceStatus> {
  const one = (await status(config)).find((service) => service.name === name);
  if (one === undefined) throw new Error(`no service ${name}`);
  return one;
}

/**
 * True if two stacks are the same to their users. NATS' tokens are signed again at every start,
 * with the same keys.
 */
export function addressesOf(state: StackState): string {
  const { temporal, urls, ingestNatsUrl, discord } = state;
  return JSON.stringify({ temporal, urls, ingestNatsUrl, discord }, null, 1).replace(
    /eyJ[\w.-]+/g,
    'token',
  );
}

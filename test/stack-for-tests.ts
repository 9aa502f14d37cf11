/** Starts the run's local stacks, each in its own directory, and removes them at the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type * as Local from '../deploy/stack/index.js';
import type * as Configuration from '../platform/config.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** SANDBOX_HOME of each stack (test/support/run-home.ts). */
    homes: readonly string[];
  }
}

/** Limits of a stack's worker: short lives, so that tests see sandboxes expire. */
const WORKER_ENV = { SANDBOX_MIN_TTL: '1s', SANDBOX_SWEEP_GRACE: '1s', LOG_LEVEL: 'info' };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // build/whole.mjs chooses the directories, and removes what an interrupted run has left.
  const homes = process.env.SANDBOX_TEST_HOMES?.split(delimiter) ?? [
    await mkdtemp(join(tmpdir(), 'sandbox-test-')),
  ];
  project.provide('homes', homes);
  // Variables of the developer's shell are ignored.
  for (const name of Object.keys(process.env)) {
    if (/^(SANDBOX_(?!CACHE)|TEMPORAL_|DATABASE_URL|REDIS_URL|NATS_URL)/.test(name))
      Reflect.deleteProperty(process.env, name);
  }
  // The compiled form, as in the stack's own processes. The path is computed, so that the compiler
  // does not follow it.
  const compiled = (path: string): Promise<unknown> =>
    import(new URL(`../dist/${path}`, import.meta.url).href);
  const { up, down } = (await compiled('deploy/stack/index.js')) as typeof Local;
  const { loadConfig } = (await compiled('platform/config.js')) as typeof Configuration;
  const configs = homes.map((home) => loadConfig({ ...WORKER_ENV, SANDBOX_HOME: home }));
  const onProgress: Local.OnProgress = ({ service, text }) => {
    console.log(`${service.padEnd(8)} ${text}`);
  };
  const downAll = async (): Promise<void> => {
    await Promise.all(configs.map((config) => down(config, { purge: true })));
    await Promise.all(homes.map((home) => rm(home, { recursive: true, force: true })));
  };
  try {
    await Promise.all(configs.map((config) => up(config, { onProgress })));
  } catch (error) {
    // Vitest removes nothing after a failed start, and the other stack may run.
    await downAll();
    throw error;
  }
  return downAll;
}

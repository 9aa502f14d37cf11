/** Starts one local stack for the whole run, in its own directory, and removes it at the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type * as Local from '../deploy/stack/index.js';
import type * as Configuration from '../platform/config.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** SANDBOX_HOME of the run's stack. */
    home: string;
  }
}

/** Limits of the stack's worker: short lives, so that tests see sandboxes expire. */
const WORKER_ENV = { SANDBOX_MIN_TTL: '1s', SANDBOX_SWEEP_GRACE: '1s', LOG_LEVEL: 'info' };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // build/halves.mjs chooses the directory, and removes what an interrupted run has left.
  const home = process.env.SANDBOX_TEST_HOME ?? (await mkdtemp(join(tmpdir(), 'sandbox-test-')));
  project.provide('home', home);
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
  const config = loadConfig({ ...WORKER_ENV, SANDBOX_HOME: home });
  await up(config, {
    onProgress: ({ service, text }) => {
      console.log(`${service.padEnd(8)} ${text}`);
    },
  });
  return async () => {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  };
}

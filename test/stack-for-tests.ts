/** Starts one local stack for the whole run, in a directory of its own, and takes it away at the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** SANDBOX_HOME of the run's stack. */
    home: string;
  }
}

/** Policies of the stack's worker: short lives, so that tests see them end. */
const WORKER_ENV = { SANDBOX_MIN_TTL: '1s', SANDBOX_SWEEP_GRACE: '1s', LOG_LEVEL: 'info' };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  project.provide('home', home);
  // Whatever the shell of a developer points to is left alone.
  for (const name of Object.keys(process.env)) {
    if (/^(SANDBOX_(?!CACHE)|TEMPORAL_|DATABASE_URL|REDIS_URL|NATS_URL)/.test(name))
      Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, WORKER_ENV);
  // The compiled form: the processes of the stack run it as well.
  const { up, down } =
    (await import('../dist/deploy/local/index.js')) as typeof import('../deploy/local/index.js');
  const { loadConfig } =
    (await import('../dist/platform/config.js')) as typeof import('../platform/config.js');
  const config = loadConfig({ SANDBOX_HOME: home });
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

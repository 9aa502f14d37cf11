/** A stack without a worker: each cell of the fault table starts its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Local from '../../../deploy/stack/index.js';
import { loadConfig, type Config } from '../../../platform/config.js';
import { delay } from '../../../platform/deadline.js';
import { putFaultsTemplate } from './template.js';

export interface FaultStack {
  readonly home: string;
  readonly config: Config;
  killServer(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function startFaultStack(): Promise<FaultStack> {
  // The compiled form, as in its processes. The path is computed, so that the compiler does not
  // follow it.
  const url = new URL(
    import.meta.url.includes('/dist/')
      ? '../../../deploy/stack/index.js'
      : '../../../dist/deploy/stack/index.js',
    import.meta.url,
  );
  const { up, down, signalService } = (await import(url.href)) as typeof Local;
  const home = await mkdtemp(join(tmpdir(), 'sandbox-faults-'));
  const config = loadConfig({ SANDBOX_HOME: home, SANDBOX_MIN_TTL: '1s', LOG_LEVEL: 'error' });
  const state = await up(config, { only: ['temporal', 'postgres', 'nats', 'redis', 'router'] });
  await putFaultsTemplate(state.urls.admin.database);
  return {
    home,
    config,
    async killServer(name) {
      await signalService(config, name, 'SIGKILL');
      await delay(50);
    },
    async close() {
      await down(config, { purge: true });
      await rm(home, { recursive: true, force: true });
    },
  };
}

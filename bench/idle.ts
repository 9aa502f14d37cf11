/** `npm run bench -- idle`: what a local stack costs while nobody uses it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { down, up } from '../deploy/stack/index.js';
import { loadConfig } from '../platform/config.js';
import { cpuOf, perOperation } from './cpu.js';
import { markdown, ms } from './statistics.js';

const SECONDS = 60;
const PROCESSES = ['postgres', 'worker', 'temporal', 'nats', 'redis', 'router', 'api'] as const;

export async function benchIdle(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  const config = loadConfig({ SANDBOX_HOME: home, LOG_LEVEL: 'error' });
  try {
    await up(config);
    // What only the start costs is not what the table is about.
    await delay(10_000);
    const before = await cpuOf(config);
    await delay(SECONDS * 1_000);
    const after = await cpuOf(config);
    const each = PROCESSES.map((name) => perOperation(name, before, after, SECONDS));
    const all = each.reduce((sum, value) => sum + value, 0);
    console.log(`CPU ms a second over ${SECONDS} s of an idle stack; 10 are 1 % of a core`);
    console.log(markdown([...PROCESSES, 'all'], [[...each, all].map(ms)]));
  } finally {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  }
}

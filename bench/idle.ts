/** `npm run bench -- idle`: the CPU of an unused local stack. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { down, up } from '../deploy/stack/index.js';
import { loadConfig } from '../platform/config.js';
import { cpuOf, perOperation } from './cpu.js';
import { markdown, ms } from './statistics.js';

const SECONDS = 60;
const PROCESSES = [
  ...(['postgres', 'worker', 'temporal', 'nats', 'redis', 'router', 'api', 'discord'] as const),
] as const;

export async function benchIdle(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  const config = loadConfig({ SANDBOX_HOME: home, LOG_LEVEL: 'error' });
  try {
    await up(config);
    // The table is about a running stack, so the start is not counted.
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

/**
 * CPU of each process of a local stack, from /proc. A noisy machine changes times, but hardly
 * changes CPU. Linux only.
 */
import { readdir, readFile } from 'node:fs/promises';
import { status } from '../deploy/stack/index.js';
import type { Config } from '../platform/config.js';
import { ms } from './statistics.js';

/** Milliseconds of CPU since each process began, with its children; `client` is this process. */
export type Cpu = ReadonlyMap<string, number>;

/**
 * A clock tick of Linux, in milliseconds. `getconf CLK_TCK` is 100 on every architecture of Node.
 */
const TICK_MS = 10;
const SHOWN = ['postgres', 'worker', 'temporal', 'nats', 'redis', 'router', 'client'] as const;
export const CPU_HEAD: readonly string[] = [...SHOWN, 'all'].map((name) => `${name} CPU ms`);

interface Stat {
  readonly parent: number;
  readonly millis: number;
}

export async function cpuOf(config: Config): Promise<Cpu> {
  if (process.platform !== 'linux') return new Map();
  const stats = await allProcesses();
  const { user, system } = process.cpuUsage();
  const found = new Map<string, number>([['client', (user + system) / 1_000]]);
  for (const { name, pid } of await status(config))
    if (pid !== null) found.set(name, withChildren(pid, stats));
  return found;
}

/** Cells for CPU_HEAD: milliseconds of CPU per operation, for `count` operations. */
export function cpuCells(before: Cpu, after: Cpu, count: number): string[] {
  const each = SHOWN.map((name) => perOperation(name, before, after, count));
  return [...each, each.reduce((sum, value) => sum + value, 0)].map((value) =>
    Number.isFinite(value) ? ms(value) : '–',
  );
}

export function perOperation(name: string, before: Cpu, after: Cpu, count: number): number {
  return ((after.get(name) ?? Number.NaN) - (before.get(name) ?? Number.NaN)) / count;
}

/** Sum of all shown processes. */
export const allCpu = (before: Cpu, after: Cpu, count: number): number =>
  SHOWN.reduce((sum, name) => sum + perOperation(name, before, after, count), 0);

async function allProcesses(): Promise<ReadonlyMap<number, Stat>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = new Map<number, Stat>();
  await Promise.all(
    pids.map(async (pid) => {
      const stat = await statOf(pid);
      if (stat !== null) stats.set(pid, stat);
    }),
  );
  return stats;
}

/** Null if the process has ended. */
async function statOf(pid: number): Promise<Stat | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may contain spaces:
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].map((i) => Number(fields[i]));
    return { parent: Number(fields[1]), millis: ticks.reduce((a, b) => a + b, 0) * TICK_MS };
  } catch {
    return null;
  }
}

function withChildren(pid: number, stats: ReadonlyMap<number, Stat>): number {
  let sum = stats.get(pid)?.millis ?? 0;
  for (const [child, { parent }] of stats) if (parent === pid) sum += withChildren(child, stats);
  return sum;
}

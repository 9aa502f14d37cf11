/**
 * `npm run bench -- churn`: whether a create takes more CPU after many others. Creates and destroys
 * CHURN sandboxes, 20 at a time.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectControl } from '../../control/direct-control.js';
import type { Control } from '../../domain/control.js';
import { down, up } from '../../deploy/stack/index.js';
import { parseSandboxId } from '../../domain/names.js';
import { loadConfig, type Config } from '../../platform/config.js';
import { allCpu, CPU_HEAD, cpuCells, cpuOf, perOperation, type Cpu } from '../cpu.js';
import { markdown } from '../statistics.js';
import { newId } from './ids.js';

const AT_ONCE = 20;
/** Sandboxes of each measured window. */
const WINDOW = 100;
/**
 * Not a multiple of a session's uses (store/ddl-sessions.ts): the two windows need sessions of
 * different ages.
 */
const DEFAULT_CHURN = 2_040;
const CHURN = Number(process.env.CHURN ?? DEFAULT_CHURN);

interface Window {
  readonly from: number;
  readonly creates: readonly [Cpu, Cpu];
  readonly destroys: readonly [Cpu, Cpu];
}

export async function benchChurn(): Promise<void> {
  if (!Number.isInteger(CHURN) || CHURN <= WINDOW) {
    throw new Error(`CHURN must be a whole number above ${WINDOW}`);
  }
  const home = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  const config = loadConfig({
    ...{ SANDBOX_HOME: home, SANDBOX_MAX_PER_OWNER: '100000', LOG_LEVEL: 'error' },
  });
  try {
    await up(config);
    await using client = openDirectControl(config);
    console.log(`${cpus().length} cores, Node ${process.version}; ${AT_ONCE} at a time`);
    await lives(client, AT_ONCE);
    const first = await window(client, config, AT_ONCE);
    await lives(client, CHURN - WINDOW);
    const last = await window(client, config, CHURN);
    report(first, last);
  } finally {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  }
}

async function lives(client: Control, count: number): Promise<void> {
  for (let left = count; left > 0; left -= AT_ONCE) await destroyAll(client, await make(client));
}

async function make(client: Control): Promise<string[]> {
  const ids = Array.from({ length: AT_ONCE }, newId);
  const create = (sandboxId: string) =>
    client.create({ sandboxId, name: `n-${sandboxId}`, owner: 'bench', ttl: '1h' });
  await Promise.all(ids.map(create));
  return ids;
}

async function destroyAll(client: Control, ids: readonly string[]): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      await client.destroy(id);
      await client.waitUntilDestroyed(parseSandboxId(id));
    }),
  );
}

/** Creates and destroys separately, so that each has its own CPU figure. */
async function window(client: Control, config: Config, from: number): Promise<Window> {
  const before = await cpuOf(config);
  const made: string[][] = [];
  for (let left = WINDOW; left > 0; left -= AT_ONCE) made.push(await make(client));
  const between = await cpuOf(config);
  for (const ids of made) await destroyAll(client, ids);
  return { from, creates: [before, between], destroys: [between, await cpuOf(config)] };
}

function report(first: Window, last: Window): void {
  const rows = [first, last].flatMap(({ from, creates, destroys }) => [
    [`create, the ${from}th and on`, ...cpuCells(...creates, WINDOW)],
    [`destroy, the ${from}th and on`, ...cpuCells(...destroys, WINDOW)],
  ]);
  console.log(markdown(['CPU of one', ...CPU_HEAD], rows));
  const ratio = (of: (window: Window) => number): string => (of(last) / of(first)).toFixed(2);
  const postgres = ratio(({ creates }) => perOperation('postgres', ...creates, WINDOW));
  const all = ratio(({ creates }) => allCpu(...creates, WINDOW));
  console.log(
    `\nThe ${last.from}th create beside the ${first.from}th: Postgres × ${postgres}, all processes × ${all}`,
  );
}

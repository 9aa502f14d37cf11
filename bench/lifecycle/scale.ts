/**
 * `npm run bench -- scale`: cost of the next create, destroy and list with 10, 1,000 and 5,000 live
 * sandboxes, and the end of 1,000 at once.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Control } from '../../domain/control.js';
import { openDirectControl } from '../../control/direct-control.js';
import { down, status, up, type ServiceName } from '../../deploy/stack/index.js';
import { parseSandboxId } from '../../domain/names.js';
import { loadConfig, type Config } from '../../platform/config.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import type { StackState } from '../../platform/stack-file.js';
import { orRow } from '../failure.js';
import { newId } from './ids.js';
import { markdown, median, ms, oneByOne, quantile, timed } from '../statistics.js';

const LIVE = [10, 1_000, 5_000] as const;
const SAMPLES = 40;
const WIDTH = 50;
const OWNERS = 100;
const EXPIRING = 1_000;
/** Longer, by the minimum of a TTL, than the creation of all sandboxes that expire together. */
const EXPIRE_IN_SECONDS = 240;
const MEASURED: readonly ServiceName[] = ['worker', 'temporal', 'router', 'nats', 'redis'];

let guilds = 10_000_000_000_000_000n;
let made = 0;

async function makeOne(client: Control, ttlSeconds = 86_400): Promise<string> {
  const id = newId();
  made += 1;
  guilds += 1n;
  await client.create({
    sandboxId: id,
    name: `n-${id}`,
    owner: `owner-${made % OWNERS}`,
    ttl: `${ttlSeconds}s`,
    guildIds: [String(guilds)],
  });
  return id;
}

async function fill(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let left = count; left > 0; left -= WIDTH)
    await Promise.all(Array.from({ length: Math.min(WIDTH, left) }, work));
}

/** Resident MiB of each service that is one process. */
async function memory(config: Config): Promise<Map<ServiceName, number>> {
  const found = new Map<ServiceName, number>();
  for (const { name, pid } of await status(config)) {
    if (pid === null || !MEASURED.includes(name)) continue;
    const text = await readFile(`/proc/${pid}/status`, 'utf8');
    found.set(name, Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]) / 1_024);
  }
  return found;
}

interface Level {
  readonly live: number;
  readonly create: number[];
  readonly destroy: number[];
  readonly list: number[];
  readonly listOwn: number[];
  readonly memory: Map<ServiceName, number>;
}

async function measure(client: Control, config: Config, live: number): Promise<Level> {
  const [create, destroy]: [number[], number[]] = [[], []];
  for (let i = 0; i < SAMPLES; i += 1) {
    let id = '';
    create.push(await timed(async () => (id = await makeOne(client))));
    destroy.push(
      await timed(async () => {
        await client.destroy(id);
        await client.waitUntilDestroyed(parseSandboxId(id));
      }),
    );
  }
  const list = await oneByOne(10, () => client.list());
  const listOwn = await oneByOne(10, () => client.list({ owner: 'owner-1' }));
  return { live, create, destroy, list, listOwn, memory: await memory(config) };
}

function report(levels: readonly Level[]): void {
  const [first] = levels;
  if (first === undefined) return;
  const ratio = (own: number[], base: number[]) => (median(own) / median(base)).toFixed(2);
  const rows = levels.map(({ live, create, destroy, list, listOwn }) => [
    String(live),
    ...[ms(median(create)), ms(quantile(create, 0.99)), ratio(create, first.create)],
    ...[ms(median(destroy)), ms(quantile(destroy, 0.99)), ratio(destroy, first.destroy)],
    ms(median(list)),
    ms(median(listOwn)),
  ]);
  const head = ['live', 'create p50', 'p99', '× of 10', 'destroy p50', 'p99', '× of 10'];
  console.log(markdown([...head, 'list all p50', "list an owner's p50"], rows));
  const held = levels.map(({ live, memory: by }) => [
    String(live),
    ...MEASURED.map((name) => ms(by.get(name) ?? Number.NaN)),
  ]);
  console.log(`\n${markdown(['live', ...MEASURED.map((name) => `${name} MiB`)], held)}`);
}

/** Seconds from `expiry` to each sandbox's end, when all have ended. */
async function endsOf(
  stack: StackState,
  ids: readonly string[],
  expiry: number,
): Promise<number[]> {
  const sql = openPostgres(stack.urls.admin.database, { name: 'bench', max: 1 });
  try {
    for (;;) {
      const rows = await sql<{ at: Date }[]>`
        SELECT destroyed_at AS at FROM sandboxes WHERE id IN ${sql(ids)} AND status = 'destroyed'`;
      if (rows.length === ids.length) return rows.map(({ at }) => (at.getTime() - expiry) / 1_000);
      await delay(500);
    }
  } finally {
    await closePostgres(sql);
  }
}

/** The time from a common expiry to the end of the last sandbox. */
async function drain(client: Control, stack: StackState): Promise<void> {
  const expiry = Date.now() + EXPIRE_IN_SECONDS * 1_000;
  const ids: string[] = [];
  await fill(EXPIRING, async () => {
    ids.push(await makeOne(client, Math.round((expiry - Date.now()) / 1_000)));
  });
  await delay(Math.max(0, expiry - Date.now()));
  const seconds = await endsOf(stack, ids, expiry);
  const [half, last] = [median(seconds), Math.max(...seconds)];
  console.log(
    `\n${EXPIRING} that expire within one second beside ${LIVE.at(-1)} others: half are gone after ${half.toFixed(1)} s, the last after ${last.toFixed(1)} s (${Math.round(EXPIRING / last)}/s)`,
  );
}

export async function benchScale(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  const config = loadConfig({
    SANDBOX_HOME: home,
    SANDBOX_MAX_PER_OWNER: '100000',
    LOG_LEVEL: 'error',
  });
  try {
    const stack = await up(config);
    await using client = openDirectControl(config);
    console.log(
      `${cpus().length} cores, Node ${process.version}; ms; ${SAMPLES} creates with a guild, each destroyed before the next\n`,
    );
    // The table leaves out the costs of first calls.
    await measure(client, config, 0);
    const levels: Level[] = [];
    for (const live of LIVE) {
      const level = await orRow(`beside ${live}`, async () => {
        await fill(live - (levels.at(-1)?.live ?? 0), () => makeOne(client));
        await delay(5_000);
        return measure(client, config, live);
      });
      if (level === undefined) break;
      levels.push(level);
    }
    report(levels);
    await orRow('drain', () => drain(client, stack));
  } finally {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  }
}

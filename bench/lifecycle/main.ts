/**
 * `npm run bench -- lifecycle`: create, register and destroy, compared with the smallest workflow
 * with the same DDL and with the DDL alone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Control } from '../../domain/control.js';
import { openDirectControl } from '../../control/direct-control.js';
import { down, up } from '../../deploy/stack/index.js';
import { parseSandboxId } from '../../domain/names.js';
import { loadConfig, type Config } from '../../platform/config.js';
import { openTemporal } from '../../platform/temporal.js';
import { CPU_HEAD, cpuCells, cpuOf } from '../cpu.js';
import { atOnce, markdown, median, ms, oneByOne, quantile, type Burst } from '../statistics.js';
import { orRow } from '../failure.js';
import { newId } from './ids.js';
import { openBare, type Bare } from './bare.js';
import { burstRow } from './burst-row.js';

const SEQUENTIAL = 50;
const AT_ONCE = [20, 200] as const;
const ROUND = 10;

const ids = (count: number): string[] => Array.from({ length: count }, newId);
const guild = (i: number): string => `${10_000_000_000_000_000n + BigInt(i)}`;

interface Operations {
  readonly create: (sandboxId: string) => Promise<unknown>;
  readonly destroy: (sandboxId: string) => Promise<unknown>;
  readonly client: Control;
  readonly bare: Bare;
  readonly config: Config;
}

type Samples = Record<
  'create' | 'destroy' | 'bareCreate' | 'bareDestroy' | 'ddl' | 'drop' | 'register',
  number[]
>;

async function sequential({ create, destroy, client, bare }: Operations): Promise<void> {
  const samples: Samples = {
    ...{ create: [], destroy: [], bareCreate: [], bareDestroy: [] },
    ...{ ddl: [], drop: [], register: [] },
  };
  for (let done = 0; done < SEQUENTIAL; done += ROUND) {
    const [ours, theirs, plain] = [ids(ROUND), ids(ROUND), ids(ROUND)];
    samples.create.push(...(await oneByOne(ROUND, (i) => create(ours[i] ?? ''))));
    samples.bareCreate.push(...(await oneByOne(ROUND, (i) => bare.create(theirs[i] ?? ''))));
    samples.ddl.push(...(await oneByOne(ROUND, (i) => bare.ddl(plain[i] ?? ''))));
    samples.register.push(
      ...(await oneByOne(ROUND, (i) => client.registerGuild(ours[i] ?? '', guild(done + i)))),
    );
    samples.destroy.push(...(await oneByOne(ROUND, (i) => destroy(ours[i] ?? ''))));
    samples.bareDestroy.push(...(await oneByOne(ROUND, (i) => bare.destroy(theirs[i] ?? ''))));
    samples.drop.push(...(await oneByOne(ROUND, (i) => bare.drop(plain[i] ?? ''))));
  }
  const rows = [
    row('create', samples.create, samples.bareCreate, samples.ddl),
    row('register a guild', samples.register, null, null),
    row('destroy, to the end', samples.destroy, samples.bareDestroy, samples.drop),
  ];
  console.log(
    markdown(['one by one', 'p50', 'p99', 'bare workflow p50', 'ratio', 'DDL alone p50'], rows),
  );
}

function row(
  name: string,
  ours: number[],
  bareOf: number[] | null,
  ddl: number[] | null,
): string[] {
  return [
    name,
    ms(median(ours)),
    ms(quantile(ours, 0.99)),
    bareOf === null ? '–' : ms(median(bareOf)),
    bareOf === null ? '–' : (median(ours) / median(bareOf)).toFixed(2),
    ddl === null ? '–' : ms(median(ddl)),
  ];
}

async function bursts({ create, destroy, bare, config }: Operations): Promise<void> {
  const rows: string[][] = [];
  const costs: string[][] = [];
  const measured = async (name: string, count: number, work: () => Promise<Burst>) => {
    const before = await cpuOf(config);
    const burst = await work();
    costs.push([`${count} × ${name}`, ...cpuCells(before, await cpuOf(config), count)]);
    return burst;
  };
  for (const count of AT_ONCE) {
    const [ours, theirs] = [ids(count), ids(count)];
    const creates = await measured('create', count, () =>
      atOnce(count, (i) => create(ours[i] ?? '')),
    );
    const bareCreates = await measured('bare create', count, () =>
      atOnce(count, (i) => bare.create(theirs[i] ?? '')),
    );
    const made = creates.succeeded.map((i) => ours[i] ?? '');
    const bareMade = bareCreates.succeeded.map((i) => theirs[i] ?? '');
    const destroys = await measured('destroy', made.length, () =>
      atOnce(made.length, (i) => destroy(made[i] ?? '')),
    );
    const bareDestroys = await measured('bare destroy', bareMade.length, () =>
      atOnce(bareMade.length, (i) => bare.destroy(bareMade[i] ?? '')),
    );
    rows.push(
      burstRow(`${count} × create`, creates, bareCreates),
      burstRow(`${made.length} × destroy`, destroys, bareDestroys),
    );
  }
  console.log(
    `\n${markdown(['at once', 'p50', 'last one', 'bare workflow, last one', 'ratio'], rows)}`,
  );
  console.log(`\n${markdown(['CPU of one', ...CPU_HEAD], costs)}`);
}

export async function benchLifecycle(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  const config = loadConfig({
    SANDBOX_HOME: home,
    SANDBOX_MAX_PER_OWNER: '100000',
    SANDBOX_OWNER: 'bench',
    LOG_LEVEL: 'error',
  });
  try {
    const stack = await up(config);
    const temporal = await openTemporal(stack.temporal.address, config.namespace);
    const bare = await openBare(stack, temporal);
    await using client = openDirectControl(config);
    const create = (sandboxId: string) =>
      client.create({ sandboxId, name: `n-${sandboxId}`, ttl: '1h' });
    const destroy = async (sandboxId: string): Promise<void> => {
      await client.destroy(sandboxId);
      await client.waitUntilDestroyed(parseSandboxId(sandboxId));
    };
    console.log(
      `${cpus().length} cores, Node ${process.version}; ms; ${SEQUENTIAL} sequential in interleaved rounds of ${ROUND}`,
    );

    // One of each first: the table leaves out the costs of a first call.
    for (const id of ids(3)) {
      await create(id);
      await destroy(id);
    }
    for (const id of ids(3)) {
      await bare.create(id);
      await bare.destroy(id);
    }
    const operations = { create, destroy, client, bare, config };
    await orRow('one by one', () => sequential(operations));
    await orRow('at once', () => bursts(operations));
    await bare.close();
    await temporal.close();
  } finally {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  }
}

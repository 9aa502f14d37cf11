/**
 * `npm run faults [-- --kills 200] [--seed n]`, the long form: every step at every moment, each
 * server at each step, and random kills.
 */
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { runCell, type CellResult } from './cell.js';
import { startFaultStack } from './stack.js';
import { KILL_MOMENTS, STEPS, type Fault } from './steps.js';
import { faultTable, inParallel } from './table.js';

const WIDTH = 4;

/** mulberry32: a small generator with a seed, so that a run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
  },
});
const seed = Number(values.seed);
const random = seeded(seed);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

// The workers of the replays log every state.
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

const stack = await startFaultStack();
let results: CellResult[] = [];
let chance: CellResult[] = [];
try {
  const grid = STEPS.flatMap(({ name }) =>
    KILL_MOMENTS.map((moment): Fault => ({ step: name, moment })),
  );
  results = await inParallel(grid, WIDTH, (fault) => runCell({ home: stack.home, fault }));
  for (const { name, servers } of STEPS) {
    const killServer = () => stack.killServer(servers[0] ?? '');
    results.push(
      await runCell({ home: stack.home, fault: { step: name, moment: 'server' }, killServer }),
    );
  }
  const makers = STEPS.filter(({ phase }) => phase === 'create');
  const stopped = makers.map(({ name }): Fault => ({ step: name, moment: 'stopped' }));
  results.push(
    ...(await inParallel(stopped, WIDTH, (fault) => runCell({ home: stack.home, fault }))),
  );
  console.log(faultTable(results));
  const kills = Array.from({ length: Number(values.kills) }, (): Fault => ({
    step: pick(STEPS).name,
    moment: pick(KILL_MOMENTS),
  }));
  chance = await inParallel(kills, WIDTH, (fault) => runCell({ home: stack.home, fault }));
} finally {
  await stack.close();
}
const wrong = [...results, ...chance].filter((cell) => cell.wrong.length > 0);
for (const cell of wrong)
  console.log(`WRONG ${cell.fault.step}, ${cell.fault.moment}: ${cell.wrong.join('; ')}`);
console.log(
  `seed ${seed}: ${results.length} cells and ${chance.length} random kills, ${wrong.length} wrong`,
);
process.exit(wrong.length === 0 ? 0 : 1);

import { describe, expect, it } from 'vitest';
import { runChaos, type ChaosOptions, type ChaosReport } from '../chaos/chaos.js';
import { lightBase } from '../chaos/light-base.js';

/** The long form is `npm run chaos`; the seed of a run that failed repeats its faults there. */
const seed = Date.now() % 1_000_000;

async function run(options: Partial<ChaosOptions>): Promise<ChaosReport> {
  const report = await runChaos(await lightBase(), {
    seed,
    faults: 9,
    perSecond: 3_000,
    events: 30_000,
    ...options,
  });
  console.info(`seed ${options.seed ?? seed}: ${JSON.stringify(report.faults)}`);
  return report;
}

/** Faults that certainly hit the writer. */
const NEGATIVE = { seed: 5, faults: 1, perSecond: 4_000, events: 20_000, drainMs: 5_000 };

describe('chaos', () => {
  it('loses, doubles, reorders, misroutes and alters nothing', async () => {
    const report = await run({});
    expect(report).toMatchObject({
      lost: [],
      duplicated: [],
      reordered: [],
      misrouted: [],
      altered: [],
      foreign: [],
      late: [],
      dlqDiffers: 0,
      complete: true,
    });
    expect(report.acknowledged).toBeGreaterThan(10_000);
    expect(report.flips).toBeGreaterThan(10);
  });

  it('fails without the expected sequence', async () => {
    const env = { ROUTER_VARIANT: 'no-expected-sequence' };
    const { duplicated, lost, reordered } = await run({
      ...NEGATIVE,
      env,
      only: 'connections stalled in turn',
    });
    expect(duplicated.length + lost.length + reordered.length).toBeGreaterThan(0);
  });

  it('fails without reading the position back', async () => {
    const env = { ROUTER_VARIANT: 'no-read-back' };
    const { duplicated } = await run({ ...NEGATIVE, env, only: 'both routers killed' });
    expect(duplicated.length).toBeGreaterThan(0);
  });
});

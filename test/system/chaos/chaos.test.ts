import { describe, expect, it } from 'vitest';
import { runChaos, type ChaosOptions, type ChaosReport } from './chaos.js';
import { lightBase } from './light-base.js';

/** The long form is `npm run chaos`. Its option --seed repeats the faults of a failed run. */
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

/** These faults certainly hit the writer. */
const NEGATIVE = { seed: 5, faults: 1, perSecond: 4_000, events: 20_000, drainMs: 5_000 };

describe('chaos', () => {
  it('loses, duplicates, reorders, misroutes and alters nothing', async () => {
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

  it('fails without the expected sequence', { timeout: 240_000 }, async () => {
    const wrong = await violations('no-expected-sequence', 'connections stalled in turn');
    expect(wrong).toBeGreaterThan(0);
  });

  it('fails without reading the position back', { timeout: 240_000 }, async () => {
    expect(await violations('no-read-back', 'both routers killed')).toBeGreaterThan(0);
  });
});

/**
 * A sabotaged router under one kind of fault. Chance decides whether a fault hits the moment that
 * the missing part protects, so other seeds follow until an error is found. An intact router would
 * pass every time.
 */
async function violations(variant: string, only: string): Promise<number> {
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const { duplicated, lost, reordered } = await run({
      ...NEGATIVE,
      seed: NEGATIVE.seed + attempt,
      env: { ROUTER_VARIANT: variant },
      only,
    });
    const wrong = duplicated.length + lost.length + reordered.length;
    if (wrong > 0) return wrong;
  }
  return 0;
}

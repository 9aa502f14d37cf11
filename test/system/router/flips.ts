/**
 * Registers and unregisters one guild repeatedly under load: the time of each change, and the
 * events stored after it.
 */
import type { NatsConnection } from 'nats';
import { STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { streamFacts } from '../../../routing/routed-log.js';
import type { StoredEvent } from './checker.js';
import type { Flood } from './flood.js';

/**
 * The long form has 1,000: `FLIPS=1000 npm test -- test/system/router/barrier.test.ts
 * test/system/router/product.test.ts`.
 */
export const flipsOr = (fallback: number): number => Number(process.env.FLIPS ?? fallback);

export interface FlipOptions {
  readonly nc: NatsConnection;
  readonly flood: Flood;
  readonly flips: number;
  readonly guildId: string;
  readonly type: string;
  readonly sandboxId: string;
  /** Returns when the change is effective. */
  readonly change: (registered: boolean) => Promise<void>;
}

/** Between the return of a change and the next change, every stored event is in one place. */
export interface Settled {
  readonly from: number;
  readonly to: number;
  readonly place: string;
}

export interface FlipRun {
  readonly settled: readonly Settled[];
  /** Milliseconds, sorted. */
  readonly times: readonly number[];
}

export async function flipUnderLoad(options: FlipOptions): Promise<FlipRun> {
  const { nc, flood, flips, guildId, type, sandboxId, change } = options;
  const places = [`events.${type}`, `sandbox.${sandboxId}.events.${type}`] as const;
  const ended = new AbortController();
  const publishing = (async () => {
    while (!ended.signal.aborted) {
      for (let i = 0; i < 10; i++) flood.publish({ guildId, type, allowed: places });
      await delay(2);
    }
  })();
  const lastStored = async (): Promise<number> =>
    (await streamFacts(nc, STREAMS.routed)).lastSequence;
  const settled: Settled[] = [];
  const times: number[] = [];
  for (let i = 0; i < flips; i++) {
    const registered = i % 2 === 0;
    const began = performance.now();
    await change(registered);
    times.push(performance.now() - began);
    const from = await lastStored();
    await delay(5);
    settled.push({ from, to: await lastStored(), place: places[registered ? 1 : 0] });
  }
  ended.abort();
  await publishing;
  times.sort((a, b) => a - b);
  return { settled, times };
}

/** Events stored between a change and the next one: their number, and those in the wrong place. */
export function judge(
  stored: readonly StoredEvent[],
  settled: readonly Settled[],
): { judged: number; misplaced: StoredEvent[] } {
  let judged = 0;
  let at = 0;
  const misplaced: StoredEvent[] = [];
  for (const event of stored) {
    while (at < settled.length && event.sequence > (settled[at]?.to ?? 0)) at += 1;
    const span = settled[at];
    if (span === undefined || event.sequence <= span.from) continue;
    judged += 1;
    if (event.subject !== span.place) misplaced.push(event);
  }
  return { judged, misplaced };
}

export function describeTimes(times: readonly number[]): string {
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? NaN).toFixed(1);
  return `${times.length} changes: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(0.99999)} ms`;
}

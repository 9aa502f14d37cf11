/** Figures of a benchmark, and their output. */

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Duration of `work` in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Runs `work` for 0…count−1, one after the other; returns the milliseconds of each. */
export async function oneByOne(
  count: number,
  work: (i: number) => Promise<unknown>,
): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i += 1) samples.push(await timed(() => work(i)));
  return samples;
}

export interface Burst {
  /** Milliseconds from the common start to the end of each that succeeded. */
  readonly millis: readonly number[];
  /** Indexes of those that succeeded. */
  readonly succeeded: readonly number[];
  readonly failures: readonly unknown[];
}

/** Runs all at once. A failure does not stop the others. */
export async function atOnce(count: number, work: (i: number) => Promise<unknown>): Promise<Burst> {
  const startedAt = performance.now();
  const ends = await Promise.allSettled(
    Array.from({ length: count }, async (_, i) => {
      await work(i);
      return { i, millis: performance.now() - startedAt };
    }),
  );
  const done = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  return {
    millis: done.map(({ millis }) => millis),
    succeeded: done.map(({ i }) => i),
    failures: ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : [])),
  };
}

export const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** A Markdown table for docs/. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Figures of a benchmark and how they are printed. */

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** `work` for each of 0…count−1, one after the other; the milliseconds of each. */
export async function oneByOne(
  count: number,
  work: (i: number) => Promise<unknown>,
): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i += 1) samples.push(await timed(() => work(i)));
  return samples;
}

/** All at once; the milliseconds from the common start to the end of each. */
export function atOnce(count: number, work: (i: number) => Promise<unknown>): Promise<number[]> {
  const startedAt = performance.now();
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      await work(i);
      return performance.now() - startedAt;
    }),
  );
}

export const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** A Markdown table, as it stands in docs/. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Runs cells side by side and prints the table step × moment. */
import type { CellResult } from './cell.js';

export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < items.length) {
        const i = next;
        next += 1;
        results[i] = await work(items[i] as T);
      }
    }),
  );
  return results;
}

export function faultTable(results: readonly CellResult[]): string {
  const moments = [...new Set(results.map(({ fault }) => fault.moment))];
  const steps = [...new Set(results.map(({ fault }) => fault.step))];
  const rows = steps.map((step) => {
    const cells = moments.map((moment) => {
      const cell = results.find(({ fault }) => fault.step === step && fault.moment === moment);
      if (cell === undefined) return '';
      return cell.wrong.length === 0
        ? `right, ${(cell.millis / 1000).toFixed(1)} s`
        : `WRONG: ${cell.wrong.join('; ')}`;
    });
    return `| ${[step, ...cells].join(' | ')} |`;
  });
  const head = moments.map((moment) =>
    moment === 'server'
      ? 'its server killed'
      : moment === 'stopped'
        ? 'stopped, on again after the destroy'
        : `killed ${moment}`,
  );
  return [
    `| ${['step', ...head].join(' | ')} |`,
    `| ${['---', ...head.map(() => '---')].join(' | ')} |`,
    ...rows,
  ].join('\n');
}

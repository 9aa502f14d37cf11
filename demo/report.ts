/** The demo's output: steps, checks, the table of events, timings. */
import type { Account } from './ledger.js';

export class Report {
  ok = true;
  private readonly samples = new Map<string, number[]>();

  constructor(private readonly out: NodeJS.WriteStream) {}

  title(text: string): void {
    this.line(`\n${text}`);
  }

  line(text: string): void {
    this.out.write(`${text}\n`);
  }

  check(what: string, right: boolean, detail = ''): void {
    if (!right) this.ok = false;
    this.line(`  ${right ? '✓' : '✗'} ${what}${right || detail === '' ? '' : `: ${detail}`}`);
  }

  sample(name: string, millis: number): void {
    this.samples.set(name, [...(this.samples.get(name) ?? []), millis]);
  }

  async timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const outcome = await work();
    this.sample(name, performance.now() - startedAt);
    return outcome;
  }

  account(account: Account, names: Readonly<Record<string, string>>): void {
    const rows: [string, string, string][] = [['destination', 'published', 'stored']];
    let total = 0;
    for (const [prefix, { published, found }] of account.perDestination) {
      total += published;
      const sandboxId = /^sandbox\.(.+)\.$/.exec(prefix)?.[1];
      const name =
        prefix === ''
          ? 'production'
          : prefix === 'dlq.'
            ? 'DLQ (malformed on purpose)'
            : (names[sandboxId ?? ''] ?? prefix);
      rows.push([name, String(published), String(found)]);
      this.ok &&= published === found;
    }
    rows.push([
      'all',
      String(total),
      String([...account.perDestination.values()].reduce((n, { found }) => n + found, 0)),
    ]);
    for (const [name, published, found] of rows) {
      this.line(`  ${name.padEnd(28)}${published.padStart(10)}${found.padStart(10)}`);
    }
    const { lost, duplicated, misrouted, reordered, altered } = account;
    const figures = { lost, duplicated, misrouted, reordered, altered };
    this.line(
      `  ${Object.entries(figures)
        .map(([name, n]) => `${name} ${n}`)
        .join(' · ')}`,
    );
    this.check(
      'every event is stored once, at its place, in order, unchanged',
      Object.values(figures).every((n) => n === 0),
    );
  }

  timings(): void {
    this.title('Timings');
    for (const [name, values] of this.samples) {
      const sorted = [...values].sort((a, b) => a - b);
      const at = (q: number): string =>
        `${(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(1)} ms`;
      const many =
        sorted.length > 2
          ? `p50 ${at(0.5)}, p99 ${at(0.99)} of ${sorted.length}`
          : values.map((v) => `${v.toFixed(0)} ms`).join(', ');
      this.line(`  ${name.padEnd(10)}${many}`);
    }
  }

  verdict(): void {
    this.line(
      `\n${this.ok ? 'Every figure is right.' : 'SOMETHING IS WRONG: see the lines with ✗.'}`,
    );
  }
}

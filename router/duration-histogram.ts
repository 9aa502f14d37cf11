/**
 * `sandbox_event_route_duration_seconds{sandbox_id}`: a histogram that counts a run of events at
 * once.
 */
import { isSandboxId } from '../domain/names.js';

const NAME = 'sandbox_event_route_duration_seconds';
const BUCKETS = [
  0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const OTHER = 'other';

interface Series {
  readonly counts: Float64Array;
  count: number;
  sum: number;
}

/**
 * prom-client's histogram takes 1 µs or more per event; here events of one PubAck share a duration.
 * Labels are bounded: the first `maxLabels`; the rest is `other`.
 */
export class DurationHistogram {
  readonly #series = new Map<string, Series>();

  constructor(private readonly maxLabels = 50) {}

  observe(label: string, seconds: number, times: number): void {
    const series = this.#seriesOf(label);
    series.count += times;
    series.sum += seconds * times;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + times;
  }

  /** Drops the series of all other sandboxes, so that a destroyed one frees its place. */
  keep(sandboxes: ReadonlySet<string>): void {
    for (const label of this.#series.keys()) {
      if (isSandboxId(label) && !sandboxes.has(label)) this.#series.delete(label);
    }
  }

  /** Prometheus' text form. */
  text(): string {
    const lines = [
      `# HELP ${NAME} From an event's arrival in the router to its confirmed storage.`,
      `# TYPE ${NAME} histogram`,
    ];
    for (const [label, { counts, count, sum }] of this.#series) {
      let below = 0;
      for (const [i, bound] of BUCKETS.entries()) {
        below += counts[i] ?? 0;
        lines.push(`${NAME}_bucket{sandbox_id="${label}",le="${bound}"} ${below}`);
      }
      lines.push(`${NAME}_bucket{sandbox_id="${label}",le="+Inf"} ${count}`);
      lines.push(
        `${NAME}_sum{sandbox_id="${label}"} ${sum}`,
        `${NAME}_count{sandbox_id="${label}"} ${count}`,
      );
    }
    return `${lines.join('\n')}\n`;
  }

  #seriesOf(label: string): Series {
    const known = this.#series.get(label);
    if (known !== undefined) return known;
    const own = this.#series.size - Number(this.#series.has(OTHER));
    if (label !== OTHER && own >= this.maxLabels) return this.#seriesOf(OTHER);
    const series = { counts: new Float64Array(BUCKETS.length), count: 0, sum: 0 };
    this.#series.set(label, series);
    return series;
  }
}

/** The router's metrics. */
import { Counter, Gauge, Registry } from 'prom-client';
import { DLQ_REASONS } from '../routing/destination.js';
import type { DoubtReason } from './doubt.js';
import { DurationHistogram } from './duration-histogram.js';
import type { ConfirmedRun } from './egress.js';

/** Read at each request of the page. */
export interface RouterGauges {
  readonly lag: () => number;
  readonly inFlight: () => number;
  readonly paused: () => boolean;
  readonly writer: () => boolean;
  readonly routeVersion: () => number;
  readonly routeAge: () => number;
  readonly routes: () => number;
  readonly addressees: () => number;
  readonly confirmedRaw: () => number;
  /** The sandboxes whose series stay. */
  readonly sandboxes: () => ReadonlySet<string>;
  readonly rawFill: () => number;
  /** By name, or `other`: how many. */
  readonly consumersAtRisk: () => ReadonlyMap<string, number>;
}

const HITS = 'Route lookups answered from memory.';
const MISSES = 'Events that waited for the route table.';

type NumberGauge = readonly [name: string, help: string, read: () => number];

const numbersOf = (gauges: RouterGauges): readonly NumberGauge[] => [
  ['sandbox_router_lag_events', 'Events in RAW that are not yet confirmed.', gauges.lag],
  ['sandbox_router_in_flight', 'Events published and not yet confirmed.', gauges.inFlight],
  ['sandbox_router_paused', '1 while nothing is routed on purpose.', () => Number(gauges.paused())],
  ['sandbox_router_writer', '1 for the writer, 0 for a standby.', () => Number(gauges.writer())],
  ['sandbox_router_route_version', 'Version of the route table in memory.', gauges.routeVersion],
  ['sandbox_router_route_age_seconds', 'Since the version was last compared.', gauges.routeAge],
  ['sandbox_router_routes', 'Routes of guilds in memory.', gauges.routes],
  ['sandbox_router_addressees', 'Sandboxes that take addressed events.', gauges.addressees],
  [
    'sandbox_router_confirmed_raw_sequence',
    'Last sequence of RAW that is confirmed.',
    gauges.confirmedRaw,
  ],
  [
    'sandbox_router_raw_fill_ratio',
    "How full RAW is, of its max_bytes; the writer's.",
    gauges.rawFill,
  ],
];

export class RouterMetrics {
  readonly registry = new Registry();
  readonly duration = new DurationHistogram();
  /** Lookups answered from memory; plain numbers on the hot path. */
  hits = 0;
  /** Events that waited because the table could not be trusted. */
  misses = 0;
  #sandboxes: () => ReadonlySet<string> = () => new Set();
  readonly #reconciliations: Counter<'reason'>;
  readonly #dlq: Counter<'reason'>;
  readonly #alarms: Counter;

  constructor() {
    const registers = [this.registry];
    this.#reconciliations = new Counter({
      name: 'sandbox_router_reconciliations_total',
      help: 'Times that the router read its position anew.',
      labelNames: ['reason'],
      registers,
    });
    this.#dlq = new Counter({
      name: 'sandbox_router_dlq_total',
      help: 'Events that went to the dead letter queue.',
      labelNames: ['reason'],
      registers,
    });
    // Starts at 0: Prometheus sees no increase when a series first appears, so no alert would fire.
    for (const reason of DLQ_REASONS) this.#dlq.inc({ reason }, 0);
    this.#alarms = new Counter({
      name: 'sandbox_router_alarms_total',
      help: 'Times that the router found events lost or removed by others.',
      registers,
    });
  }

  /** Metrics outside prom-client, in Prometheus' text form. */
  more(): string {
    this.duration.keep(this.#sandboxes());
    return this.duration.text();
  }

  expose(gauges: RouterGauges): void {
    this.#sandboxes = gauges.sandboxes;
    this.#counter('sandbox_route_cache_hits_total', HITS, () => this.hits);
    this.#counter('sandbox_route_cache_misses_total', MISSES, () => this.misses);
    for (const [name, help, read] of numbersOf(gauges)) this.#gauge(name, help, read);
    this.#exposeConsumers(gauges.consumersAtRisk);
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  #counter(name: string, help: string, read: () => number): void {
    let told = 0;
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        const now = read();
        this.inc(now - told);
        told = now;
      },
    });
  }

  #exposeConsumers(atRisk: RouterGauges['consumersAtRisk']): void {
    new Gauge({
      name: 'sandbox_consumer_at_risk',
      help: 'Consumers of ROUTED that are about to lose what they have not read, by name; the rest as other.',
      labelNames: ['consumer'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [consumer, count] of atRisk()) this.set({ consumer }, count);
      },
    });
  }

  reconciled(reason: DoubtReason): void {
    this.#reconciliations.inc({ reason });
  }

  alarm(): void {
    this.#alarms.inc();
  }

  /** A decided event that is not stored is decided again, and counts then. */
  confirmed({ labels, since, dead }: ConfirmedRun): void {
    const seconds = (performance.now() - since) / 1_000;
    for (const [label, times] of labels) this.duration.observe(label, seconds, times);
    for (const reason of dead) this.#dlq.inc({ reason });
  }
}

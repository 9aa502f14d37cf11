/** The worker's metrics. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { cleanupLabels } from './cleanup-labels.js';
import { RESOURCE_KINDS } from '../resources/index.js';
import type { Guard, GuardMetrics } from '../resources/guard.js';

/** Metrics of templates: making one, and applying one to a sandbox's schema. */
export interface TemplateMetrics {
  /** Call it for each attempt. `refused`: another attempt would end the same way. */
  templateMade(seconds: number, outcome: 'made' | 'refused' | 'failed'): void;
  /** Call it for each attempt. */
  templateApplied(seconds: number, outcome: 'applied' | 'failed'): void;
}

export interface LifecycleMetrics extends GuardMetrics, TemplateMetrics {
  created(seconds: number, outcome: 'created' | 'failed'): void;
  destroyed(seconds: number): void;
  cleanupFailed(step: string): void;
  active(perOwner: ReadonlyMap<string, number>): void;
  /** Call it at the end of a sweep. */
  swept(orphansPerKind: ReadonlyMap<string, number>): void;
}

/** Values of the label `reason`. */
const ENDED_FOR = {
  locks: 'postgres_locks',
  waits: 'postgres_waits',
  connections: 'redis_connections',
} as const satisfies Record<Guard, string>;

/** The kinds that a sweep may find. */
const FOUND_KINDS = [...RESOURCE_KINDS.flatMap(({ kinds }) => kinds), 'route'];
/** Values of the label `error_type`. */
const CLEANUP_STEPS = [
  ...cleanupLabels(RESOURCE_KINDS.map(({ name }) => name)),
  ...FOUND_KINDS.map((kind) => `orphan ${kind}`),
];

const LIFECYCLE_SECONDS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 15, 30, 60, 300];

export function lifecycleMetrics(registry: Registry): LifecycleMetrics {
  const registers = [registry];
  const create = new Histogram({
    name: 'sandbox_create_duration_seconds',
    help: 'From the start of the workflow to running, or to the failure.',
    labelNames: ['outcome'],
    buckets: LIFECYCLE_SECONDS,
    registers,
  });
  const destroy = new Histogram({
    name: 'sandbox_destroy_duration_seconds',
    help: 'From destroying to destroyed.',
    buckets: LIFECYCLE_SECONDS,
    registers,
  });
  const cleanupErrors = new Counter({
    name: 'sandbox_cleanup_errors_total',
    help: 'Failed attempts of clean-up steps; each is retried.',
    labelNames: ['error_type'],
    registers,
  });
  // Starts at 0: Prometheus sees no increase when a series first appears.
  create.zero({ outcome: 'created' });
  create.zero({ outcome: 'failed' });
  for (const step of CLEANUP_STEPS) cleanupErrors.inc({ error_type: step }, 0);
  const active = new Gauge({
    name: 'sandbox_active_total',
    help: 'Live sandboxes by owner.',
    labelNames: ['owner'],
    registers,
  });
  const orphans = new Gauge({
    name: 'sandbox_orphaned_resources',
    help: 'Resources without a live sandbox, as the last sweep of this worker found them.',
    labelNames: ['kind'],
    registers,
  });
  const lastSweep = new Gauge({
    name: 'sandbox_last_sweep_timestamp_seconds',
    help: 'When this worker last ended a sweep, in Unix time; 0: never. Workers take turns: the newest one counts.',
    registers,
  });
  for (const kind of FOUND_KINDS) orphans.set({ kind }, 0);
  return {
    created: (seconds, outcome) => {
      create.observe({ outcome }, seconds);
    },
    destroyed: (seconds) => {
      destroy.observe(seconds);
    },
    cleanupFailed: (step) => {
      cleanupErrors.inc({ error_type: step });
    },
    active: (perOwner) => {
      active.reset();
      for (const [owner, count] of topOwners(perOwner)) active.set({ owner }, count);
    },
    swept: (orphansPerKind) => {
      // An absent kind becomes 0: a series that vanishes leaves its last value on a dashboard.
      for (const kind of FOUND_KINDS) orphans.set({ kind }, orphansPerKind.get(kind) ?? 0);
      lastSweep.setToCurrentTime();
    },
    ...guardMetrics(registry),
    ...templateMetrics(registry),
  };
}

function templateMetrics(registry: Registry): TemplateMetrics {
  const shape = { labelNames: ['outcome'], buckets: LIFECYCLE_SECONDS, registers: [registry] };
  const make = new Histogram({
    name: 'sandbox_template_make_duration_seconds',
    help: 'Attempts to make a template: its text tried in a scratch schema, and read back.',
    ...shape,
  });
  const apply = new Histogram({
    name: 'sandbox_template_apply_duration_seconds',
    help: 'Attempts to apply a template that is not built in to the schema of a sandbox.',
    ...shape,
  });
  for (const outcome of ['made', 'refused', 'failed']) make.zero({ outcome });
  for (const outcome of ['applied', 'failed']) apply.zero({ outcome });
  return {
    templateMade: (seconds, outcome) => {
      make.observe({ outcome }, seconds);
    },
    templateApplied: (seconds, outcome) => {
      apply.observe({ outcome }, seconds);
    },
  };
}

function guardMetrics(registry: Registry): GuardMetrics {
  const registers = [registry];
  const ended = new Counter({
    name: 'sandbox_sessions_ended_total',
    help: 'Times that a sandbox’s sessions were ended, as they took too much of what all share, or kept the worker waiting.',
    labelNames: ['reason'],
    registers,
  });
  const guardErrors = new Counter({
    name: 'sandbox_guard_errors_total',
    help: 'Looks of a guard that failed; it looks again.',
    labelNames: ['guard'],
    registers,
  });
  for (const [guard, reason] of Object.entries(ENDED_FOR)) {
    ended.inc({ reason }, 0);
    guardErrors.inc({ guard }, 0);
  }
  return {
    sessionsEnded: (guard) => {
      ended.inc({ reason: ENDED_FOR[guard] });
    },
    guardFailed: (guard) => {
      guardErrors.inc({ guard });
    },
  };
}

/** Owners with their own series. The rest share one, so that labels stay bounded. */
const OWNERS = 30;
const OTHER = 'other';

export function topOwners(perOwner: ReadonlyMap<string, number>): Map<string, number> {
  const sorted = [...perOwner].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const rest = sorted.slice(OWNERS).reduce((sum, [, count]) => sum + count, 0);
  const top = new Map(sorted.slice(0, OWNERS));
  if (rest > 0) top.set(OTHER, (top.get(OTHER) ?? 0) + rest);
  return top;
}

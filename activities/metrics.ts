/** The worker's metrics (product.md, "Observability"). */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface LifecycleMetrics {
  created(seconds: number, outcome: 'created' | 'failed'): void;
  destroyed(seconds: number): void;
  cleanupFailed(step: string): void;
  active(perOwner: ReadonlyMap<string, number>): void;
  orphans(perKind: ReadonlyMap<string, number>): void;
}

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
  const active = new Gauge({
    name: 'sandbox_active_total',
    help: 'Live sandboxes by owner.',
    labelNames: ['owner'],
    registers,
  });
  const orphans = new Gauge({
    name: 'sandbox_orphaned_resources',
    help: 'Resources without a live sandbox, as the last sweep found them.',
    labelNames: ['kind'],
    registers,
  });
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
      for (const [owner, count] of perOwner) active.set({ owner }, count);
    },
    orphans: (perKind) => {
      orphans.reset();
      for (const [kind, count] of perKind) orphans.set({ kind }, count);
    },
  };
}

/** Also writes the worker's metrics for CloudWatch, as lines of its log (SANDBOX_EMF=on). */
import { emfLine, type EmfUnit } from '../platform/emf.js';
import type { LifecycleMetrics } from './metrics.js';

/**
 * Passes each metric on and writes it. The sweep's own process reports orphans (`bd sandbox sweep
 * --emf`).
 */
export function withEmf(
  metrics: LifecycleMetrics,
  write: (line: string) => void,
): LifecycleMetrics {
  const tell = (name: string, unit: EmfUnit, value: number): void => {
    write(emfLine('worker', [{ name, unit, value }], new Date()));
  };
  return {
    ...metrics,
    created: (seconds, outcome) => {
      metrics.created(seconds, outcome);
      if (outcome === 'created') tell('CreateDuration', 'Seconds', seconds);
      else tell('CreateFailures', 'Count', 1);
    },
    destroyed: (seconds) => {
      metrics.destroyed(seconds);
      tell('DestroyDuration', 'Seconds', seconds);
    },
    cleanupFailed: (step) => {
      metrics.cleanupFailed(step);
      tell('CleanupErrors', 'Count', 1);
    },
  };
}

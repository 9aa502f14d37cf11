/** How many tasks the worker takes at once. */
import type { WorkerTuner } from '@temporalio/worker';

const AT_ONCE = 100;

const fixed = { type: 'fixed-size', numSlots: AT_ONCE } as const;

/**
 * A workflow task must be answered within 3 s (control/start-options.ts), or Temporal hands it out
 * again and its work is lost. With 100 at once, 200 creates took 14 to 35 s and could fail. So a
 * worker takes 20. It takes more, slowly, while the processor is free: then the first 20 wait for a
 * server that hangs, and other sandboxes must not wait for them.
 */
export const tuner: WorkerTuner = {
  workflowTaskSlotSupplier: {
    type: 'resource-based',
    minimumSlots: 20,
    maximumSlots: AT_ONCE,
    rampThrottle: '100ms',
    tunerOptions: { targetCpuUsage: 0.8, targetMemoryUsage: 0.95 },
  },
  activityTaskSlotSupplier: fixed,
  localActivityTaskSlotSupplier: fixed,
  nexusTaskSlotSupplier: fixed,
};

/** One look at a sandbox on every server, by a worker's own connections. */
import { proxyLocalActivities } from '@temporalio/workflow';
import type { HealthActivities } from '../activities/health-activities.js';
import type { Inspected } from '../domain/health.js';
import type { SandboxId } from '../domain/names.js';

/** No second attempt: the caller does not wait for it, and asks again. */
const { inspectSandbox } = proxyLocalActivities<HealthActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

export function healthWorkflow(sandboxId: SandboxId): Promise<Inspected> {
  return inspectSandbox.executeWithOptions({ summary: 'each resource and the routes' }, [
    sandboxId,
  ]);
}

/** The look at a sandbox for the API, which may not inspect the servers itself. */
import { SandboxError } from '../domain/errors.js';
import type { Inspected } from '../domain/health.js';
import type { SandboxId } from '../domain/names.js';
import { withDeadline } from '../platform/deadline.js';
import type { InspectingContext } from '../resources/index.js';
import { getSandbox, type SandboxRecord } from '../store/sandboxes.js';
import { failuresTyped } from './failures.js';
import { inspectOnServers, LOOK_MS, uninspected } from './inspection.js';

export type HealthActivities = ReturnType<typeof healthActivities>;

export function healthActivities(context: InspectingContext) {
  return failuresTyped({
    /** Ends within LOOK_MS. @throws SANDBOX_004 for a sandbox that never existed */
    async inspectSandbox(sandboxId: SandboxId): Promise<Inspected> {
      const end = Date.now() + LOOK_MS;
      let row: SandboxRecord | null;
      try {
        row = await withDeadline(getSandbox(context.database, sandboxId), LOOK_MS, 'Postgres');
      } catch (error) {
        return uninspected(context, error);
      }
      if (row === null) throw new SandboxError('SANDBOX_004', `no sandbox ${sandboxId} is known`);
      return inspectOnServers(context, row, end - Date.now());
    },
  });
}

/** The scheduled sweep: gives rows their workflow back, and removes what no live sandbox owns. One at a time. */
import { proxyActivities } from '@temporalio/workflow';
import type { SweepActivities, SweepInput, SweepReport } from '../activities/sweep-activities.js';

const { reviveRows, sweepOrphans } = proxyActivities<SweepActivities>({
  startToCloseTimeout: '5m',
  heartbeatTimeout: '30s',
  retry: {
    initialInterval: '1s',
    backoffCoefficient: 2,
    maximumInterval: '30s',
    maximumAttempts: 5,
  },
});

export async function sweepWorkflow(input: SweepInput): Promise<SweepReport> {
  const revived = await reviveRows.executeWithOptions({ summary: 'rows without their workflow' }, [
    input,
  ]);
  const orphans = await sweepOrphans.executeWithOptions({ summary: 'orphaned resources' }, [input]);
  return { revived, orphans };
}

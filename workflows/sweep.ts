/**
 * The scheduled sweep: restarts missing workflows, and removes resources without a live sandbox.
 * One at a time.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, proxyActivities } from '@temporalio/workflow';
import type { SweepActivities } from '../activities/sweep-activities.js';
import { SWEEP_WORKFLOW_ID, type SweepInput, type SweepReport } from '../domain/sweep.js';

const { reviveRows, repairRows, sweepOrphans } = proxyActivities<SweepActivities>({
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
  const repaired =
    input.repair === true
      ? await repairRows.executeWithOptions({ summary: 'running sandboxes' }, [input])
      : [];
  const orphans = await sweepOrphans.executeWithOptions({ summary: 'orphaned resources' }, [input]);
  return { revived, repaired, orphans };
}

/**
 * The Schedule starts this. Each of a Schedule's workflows has its own id; one shared child id
 * keeps its sweep and a person's apart. Null: a sweep was already running.
 */
export async function scheduledSweepWorkflow(input: SweepInput): Promise<SweepReport | null> {
  try {
    return await executeChild(sweepWorkflow, { workflowId: SWEEP_WORKFLOW_ID, args: [input] });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

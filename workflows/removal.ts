/** The rest of a slow removal of a resource, as its own workflow without a time limit. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { SandboxId } from '../domain/names.js';
import { stepOf, untilDone } from './steps.js';

export async function removalWorkflow(sandboxId: SandboxId, resource: string): Promise<void> {
  await stepOf(untilDone, resource, 'finishRemoval')(sandboxId);
}

/** Returns when it has begun. It outlives the sandbox's workflow. */
export async function startRemoval(sandboxId: SandboxId, resource: string): Promise<void> {
  try {
    await startChild(removalWorkflow, {
      workflowId: `sandbox-removal-${resource}-${sandboxId}`,
      staticSummary: `removes the rest of ${resource} of sandbox ${sandboxId}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      args: [sandboxId, resource],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

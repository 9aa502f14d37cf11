/**
 * Temporal of the run's stack, without the product in between: tests do here what operators do in
 * the Web UI.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { onTestFinished } from 'vitest';
import { workflowId, type SandboxId } from '../../domain/names.js';
import { openTemporal, type TemporalClient } from '../../platform/temporal.js';
import { stackState } from './stack.js';

/** Closed when the test ends. */
export async function openRunTemporal(): Promise<TemporalClient> {
  const temporal = await openTemporal(stackState().temporal.address, 'default');
  onTestFinished(() => temporal.close());
  return temporal;
}

export async function workflowOf(sandboxId: SandboxId): Promise<WorkflowHandle> {
  return (await openRunTemporal()).client.workflow.getHandle(workflowId(sandboxId));
}

/** Asks a worker to make a template, and waits for it. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { SandboxError } from '../domain/errors.js';
import {
  TEMPLATE_PURPOSE,
  templateWorkflowId,
  type MadeTemplate,
  type TemplateInput,
} from '../domain/template.js';
import type { templateWorkflow } from '../workflows/template.js';
import type { Lifecycle } from './lifecycle.js';
import { asTemporalError } from './temporal-errors.js';

const NOT_STORED = 'no template was stored';

/** @throws SANDBOX_007 while another call makes the template; as activities/template-activities.ts */
export async function makeTemplate(
  lifecycle: Lifecycle,
  input: TemplateInput,
): Promise<MadeTemplate> {
  const { name } = input;
  try {
    const making = await lifecycle.temporal.client.workflow.start<typeof templateWorkflow>(
      'templateWorkflow',
      {
        workflowId: templateWorkflowId(name),
        taskQueue: lifecycle.taskQueue,
        workflowIdConflictPolicy: 'FAIL',
        staticSummary: `template ${name}`,
        args: [lifecycle.signedInput(TEMPLATE_PURPOSE, input)],
      },
    );
    return await lifecycle.whileServed(NOT_STORED, making.result());
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError))
      throw asTemporalError(error, NOT_STORED);
    throw new SandboxError('SANDBOX_007', `template ${name} is being made by another call`, {
      hint: 'Repeat it when that call has ended.',
    });
  }
}

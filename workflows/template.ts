/** Makes a template, as its own workflow: the Temporal Web UI shows it, and a killed worker's attempt is repeated. */
import { proxyActivities } from '@temporalio/workflow';
import type { TemplateActivities } from '../activities/template-activities.js';
import type { SignedInput } from '../domain/command.js';
import type { MadeTemplate, TemplateInput } from '../domain/template.js';

const { makeTemplate } = proxyActivities<TemplateActivities>({
  startToCloseTimeout: '2m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumAttempts: 3 },
});

/** Stores nothing: whoever asked for the template stores it (control/template-service.ts). */
export async function templateWorkflow(signed: SignedInput<TemplateInput>): Promise<MadeTemplate> {
  return makeTemplate.executeWithOptions({ summary: 'make the template' }, [signed]);
}

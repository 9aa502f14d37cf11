/** The workflows that the worker registers. */
export { healthWorkflow } from './health.js';
export { removalWorkflow } from './removal.js';
export { sandboxWorkflow } from './sandbox.js';
export { scheduledSweepWorkflow, sweepWorkflow } from './sweep.js';
export { templateWorkflow } from './template.js';

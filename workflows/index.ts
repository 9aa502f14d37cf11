/** The workflows that the worker registers. */
export { removalWorkflow } from './removal.js';
export { sandboxWorkflow } from './sandbox.js';
export { scheduledSweepWorkflow, sweepWorkflow } from './sweep.js';

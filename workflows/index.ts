/** What the worker registers. */
export { sandboxWorkflow } from './sandbox.js';
export { scheduledSweepWorkflow, sweepWorkflow } from './sweep.js';

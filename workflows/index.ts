/** What the worker registers. */
export { sandboxWorkflow } from './sandbox.js';
export { sweepWorkflow } from './sweep.js';

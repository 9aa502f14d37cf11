/** The names of the sweep in Temporal. */

export const SWEEP_SCHEDULE_ID = 'sandbox-sweep';
/** One sweep at a time, whoever starts it: the id is the lock. */
export const SWEEP_WORKFLOW_ID = 'sandbox-sweep';
/** A Schedule adds the time to it, so its workflows only start the sweep, as a child with the id above. */
export const SCHEDULED_SWEEP_WORKFLOW_ID = 'sandbox-scheduled-sweep';

/** The sweep: its names in Temporal, its input and its report. */
import type { SandboxId } from './names.js';

export const SWEEP_SCHEDULE_ID = 'sandbox-sweep';
/** One sweep at a time: the workflow id is the lock, for the Schedule and for a person. */
export const SWEEP_WORKFLOW_ID = 'sandbox-sweep';
/**
 * A Schedule appends the time to the id. So its workflow only starts the sweep as a child with the
 * id above.
 */
export const SCHEDULED_SWEEP_WORKFLOW_ID = 'sandbox-scheduled-sweep';

export interface SweepInput {
  readonly dryRun: boolean;
  /** Only this sandbox's row. */
  readonly sandboxId?: SandboxId;
  /** Gives each running sandbox its resources and credentials anew, as after a new master secret. Data stays. */
  readonly repair?: boolean;
}

export interface Repaired {
  readonly sandboxId: string;
  /** Why it could not be repaired. */
  readonly error?: string;
}

export interface Revived {
  readonly sandboxId: string;
  readonly status: string;
  readonly as: 'resume' | 'cleanUp';
}

export interface Orphan {
  /** The resource's name, or `guild-routes`. */
  readonly resource: string;
  readonly kind: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly removed: boolean;
  readonly error?: string;
}

export interface SweepReport {
  readonly revived: readonly Revived[];
  readonly orphans: readonly Orphan[];
  /** Empty unless a repair was asked for. */
  readonly repaired: readonly Repaired[];
}

/** One sweep at a time. A dry run or one without repair is never what another kind of sweep joins. */
export function sweepWorkflowId({ sandboxId, dryRun, repair = false }: SweepInput): string {
  const id = sandboxId === undefined ? SWEEP_WORKFLOW_ID : `${SWEEP_WORKFLOW_ID}-${sandboxId}`;
  return `${id}${repair ? '-repair' : ''}${dryRun ? '-dry-run' : ''}`;
}

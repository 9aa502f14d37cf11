/** Why a sandbox ends, and who is named for it in the audit. */
import { TEMPORAL_ACTOR, WORKFLOW_ACTOR, type Actor } from './actor.js';
import type { Command } from './command.js';
import type { SandboxStatus } from './status.js';

export type EndReason = 'destroyed' | 'expired' | 'cancelled' | 'create failed';

/** As the workflow asks for it. */
export interface EndRequest {
  readonly reason: EndReason;
  /** Absent: nobody asked through `control/`. */
  readonly command?: Command<'destroy'>;
}

/** What the row says of the sandbox. */
export interface EndedRow {
  readonly status: SandboxStatus;
  readonly expiresAt: Date;
}

/** The clocks of Temporal and of Postgres may differ by this (sql/020_sandboxes.sql). */
const CLOCK_SKEW_MS = 60_000;

/**
 * The audited end. A signed destroy is its actor's. Without one the row must bear out what the workflow says; otherwise
 * somebody with access to Temporal alone has asked for it.
 */
export function auditedEnd(
  { reason }: EndRequest,
  signedBy: Actor | null,
  row: EndedRow | null,
  now: number,
): { readonly actor: Actor; readonly reason: EndReason } {
  if (signedBy !== null) return { actor: signedBy, reason: 'destroyed' };
  const borneOut =
    (reason === 'expired' && row !== null && hasExpired(row, now)) ||
    (reason === 'create failed' && (row === null || BEING_MADE.includes(row.status)));
  if (borneOut) return { actor: WORKFLOW_ACTOR, reason };
  return { actor: TEMPORAL_ACTOR, reason: reason === 'cancelled' ? reason : 'destroyed' };
}

const BEING_MADE: readonly SandboxStatus[] = ['pending', 'creating'];

const hasExpired = ({ status, expiresAt }: EndedRow, now: number): boolean =>
  status === 'expired' || expiresAt.getTime() <= now + CLOCK_SKEW_MS;

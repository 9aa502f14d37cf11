/** Changes of a running sandbox, each committed once for its command however often it is carried out. */
import { and, eq } from 'drizzle-orm';
import type { Command, VerifiedCommand } from '../domain/command.js';
import { refuseExpired } from '../platform/signature.js';
import { lockedRunningRow, type Transaction } from './locked-row.js';
import { committedCommands, type SandboxRow } from './schema.js';

/**
 * Runs `change` under the row's lock. A repeated command gets the outcome of the first time: an attempt whose answer was lost
 * is tried again, one that was given up may go on late, and a signature may be copied from a history.
 * @throws SANDBOX_007 unless the sandbox runs; SANDBOX_010 for a new change whose signature has expired
 */
export async function commitOnce<T>(
  tx: Transaction,
  verified: VerifiedCommand,
  change: (row: SandboxRow) => Promise<T>,
): Promise<{ readonly outcome: T; readonly isRepeated: boolean }> {
  const { sandboxId, commandId } = verified.command;
  const row = await lockedRunningRow(tx, sandboxId);
  const known = await committedOutcome(tx, verified.command);
  if (known !== undefined) return { outcome: known as T, isRepeated: true };
  refuseExpired(verified);
  const outcome = await change(row);
  await tx.insert(committedCommands).values({ sandboxId, commandId, outcome });
  return { outcome, isRepeated: false };
}

/** Undefined for a command that has committed nothing. */
export async function committedOutcome(tx: Transaction, command: Command): Promise<unknown> {
  const [known] = await tx
    .select({ outcome: committedCommands.outcome })
    .from(committedCommands)
    .where(ofCommand(command));
  return known?.outcome;
}

export const ofCommand = ({ sandboxId, commandId }: Command) =>
  and(eq(committedCommands.sandboxId, sandboxId), eq(committedCommands.commandId, commandId));

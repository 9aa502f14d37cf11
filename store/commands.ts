/** Changes of a running sandbox's row. Each command commits once, however often it runs. */
import { and, eq } from 'drizzle-orm';
import type { Command } from '../domain/command.js';
import { extendExpiry } from '../domain/duration.js';
import { checkExtended, extensionBase, shownTime } from '../domain/expiry.js';
import type { ExtendResult } from '../domain/sandbox.js';
import { writeAudit } from './audit.js';
import { inDatabase, type Database } from './database.js';
import { lockedRunningRow, type Transaction } from './locked-row.js';
import { committedCommands, sandboxes, type SandboxRow } from './schema.js';

/**
 * Runs `change` under the row's lock. A repeated command gets the first outcome: the answer may
 * have been lost, or an attempt that was given up may finish late.
 * @throws SANDBOX_007 unless the sandbox runs
 */
async function committedOnce<T>(
  { db }: Database,
  { sandboxId, commandId }: Command,
  change: (tx: Transaction, row: SandboxRow) => Promise<T>,
): Promise<T> {
  return inDatabase(() =>
    db.transaction(async (tx) => {
      const row = await lockedRunningRow(tx, sandboxId, 'update');
      const [known] = await tx
        .select({ outcome: committedCommands.outcome })
        .from(committedCommands)
        .where(
          and(
            eq(committedCommands.sandboxId, sandboxId),
            eq(committedCommands.commandId, commandId),
          ),
        );
      if (known !== undefined) return known.outcome as T;
      const outcome = await change(tx, row);
      await tx.insert(committedCommands).values({ sandboxId, commandId, outcome });
      return outcome;
    }),
  );
}

/**
 * Moves the expiry and writes the audit. The old expiry comes from the row, never from the caller.
 * @returns the new expiry @throws SANDBOX_007 unless the sandbox runs; SANDBOX_008 past now +
 * `maxMs`, unless the command clamps; SANDBOX_011 for a time that is not ahead
 */
export async function extendSandbox(
  database: Database,
  command: Command<'extend'>,
  { now, maxMs }: { readonly now: number; readonly maxMs: number },
): Promise<ExtendResult> {
  const { sandboxId, actor, args } = command;
  return committedOnce(database, command, async (tx, row) => {
    const from = extensionBase(row.expiresAt.getTime(), now);
    const outcome = extendExpiry(from, args, now, maxMs);
    checkExtended(outcome.expiresAt, now);
    const to = new Date(outcome.expiresAt);
    await tx.update(sandboxes).set({ expiresAt: to }).where(eq(sandboxes.sandboxId, sandboxId));
    await writeAudit(tx, sandboxId, actor, [
      'ttl_extended',
      {
        byMs: args.byMs,
        clamped: outcome.clamped,
        from: shownTime(row.expiresAt.getTime()),
        to: to.toISOString(),
      },
    ]);
    return outcome;
  });
}

/**
 * Raises the rotation and writes the audit. @returns the new rotation @throws SANDBOX_007 unless
 * the sandbox runs
 */
export async function raiseRotation(
  database: Database,
  command: Command<'reset'>,
): Promise<number> {
  const { sandboxId, actor } = command;
  return committedOnce(database, command, async (tx, row) => {
    const rotation = row.rotation + 1;
    await tx.update(sandboxes).set({ rotation }).where(eq(sandboxes.sandboxId, sandboxId));
    await writeAudit(tx, sandboxId, actor, ['sandbox_reset', { rotation }]);
    return rotation;
  });
}

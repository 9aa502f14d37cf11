/** Changes of a running sandbox's own row: its expiry, its rotation. */
import { eq } from 'drizzle-orm';
import type { VerifiedCommand } from '../domain/command.js';
import { extendExpiry } from '../domain/duration.js';
import { checkExtended, extensionBase, shownTime } from '../domain/expiry.js';
import type { ExtendResult } from '../domain/sandbox.js';
import { writeAudit } from './audit.js';
import { commitOnce } from './committed-once.js';
import { inDatabase, type Database } from './database.js';
import type { Transaction } from './locked-row.js';
import { sandboxes } from './schema.js';

/**
 * Moves the expiry and writes the audit. The old expiry comes from the row, never from the caller.
 * @returns the new expiry @throws SANDBOX_007 unless the sandbox runs; SANDBOX_008 past now +
 * `maxMs`, unless the command clamps; SANDBOX_011 for a time that is not ahead
 */
export async function extendSandbox(
  { db }: Database,
  verified: VerifiedCommand<'extend'>,
  { now, maxMs }: { readonly now: number; readonly maxMs: number },
): Promise<ExtendResult> {
  const { sandboxId, actor, args } = verified.command;
  const extend = (tx: Transaction) =>
    commitOnce(tx, verified, async (row) => {
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
  return (await inDatabase(() => db.transaction(extend))).outcome;
}

/**
 * Raises the rotation and writes the audit. @returns the new rotation @throws SANDBOX_007 unless
 * the sandbox runs
 */
export async function raiseRotation(
  { db }: Database,
  verified: VerifiedCommand<'reset'>,
): Promise<number> {
  const { sandboxId, actor } = verified.command;
  const raise = (tx: Transaction) =>
    commitOnce(tx, verified, async (row) => {
      const rotation = row.rotation + 1;
      await tx.update(sandboxes).set({ rotation }).where(eq(sandboxes.sandboxId, sandboxId));
      await writeAudit(tx, sandboxId, actor, ['sandbox_reset', { rotation }]);
      return rotation;
    });
  return (await inDatabase(() => db.transaction(raise))).outcome;
}

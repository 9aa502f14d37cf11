/**
 * A sandbox's row under a lock in a transaction. A decision on the row stays valid until the
 * transaction ends.
 */
import { eq } from 'drizzle-orm';
import { SandboxError } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import type { Database } from './database.js';
import { sandboxes, type SandboxRow } from './schema.js';

export type Transaction = Parameters<Parameters<Database['db']['transaction']>[0]>[0];

/**
 * `share` keeps the status fixed: a writer of `destroying` waits for us, or we see the new status.
 * `update` is for changes of the row. Undefined without a row.
 */
export async function lockedRow(
  tx: Transaction,
  sandboxId: SandboxId,
): Promise<SandboxRow | undefined> {
  const [row] = await tx
    .select()
    .from(sandboxes)
    .where(eq(sandboxes.sandboxId, sandboxId))
    .for('update');
  return row;
}

/** @throws SANDBOX_007 unless the sandbox runs */
export async function lockedRunningRow(tx: Transaction, sandboxId: SandboxId): Promise<SandboxRow> {
  const row = await lockedRow(tx, sandboxId);
  if (row?.status === 'running') return row;
  throw new SandboxError(
    'SANDBOX_007',
    `sandbox ${sandboxId} is ${row?.status ?? 'unknown'}, not running`,
  );
}

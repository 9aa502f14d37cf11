/** Makes the objects of a reading in the session's schema. */
import { messageOf, SandboxError } from '../domain/errors.js';
import { postgresCode, type Transaction } from '../platform/postgres.js';
import { prepareApplying } from './session.js';
import type { Statement } from './statement.js';
import { forTarget } from './target.js';

/** In flight at once. A failure stops the copy after this many. */
const BATCH = 200;

/** Each statement after a failed one fails with it. */
const ABORTED = '25P02';

/**
 * Runs the statements in the transaction of the caller, in the first schema of its search_path. The
 * path is that schema and `pg_temp` after it: temporary tables would hide the copy's. The settings
 * that this changes end with the transaction.
 * @throws SANDBOX_005 with the statement that failed in `details`
 */
export async function applyStatements(
  tx: Transaction,
  statements: readonly Statement[],
): Promise<void> {
  await prepareApplying(tx);
  const [row] = await tx<{ target: string | null }[]>`SELECT pg_catalog.current_schema() AS target`;
  const target = row?.target ?? null;
  if (target === null)
    throw new SandboxError('SANDBOX_005', 'the search_path names no schema that exists');
  for (let from = 0; from < statements.length; from += BATCH)
    await applyBatch(tx, statements.slice(from, from + BATCH), target);
}

/** Sent without waiting for each answer: a round trip costs more than a small statement. */
async function applyBatch(
  tx: Transaction,
  statements: readonly Statement[],
  target: string,
): Promise<void> {
  const results = await Promise.allSettled(
    statements.map(({ sql }) => tx.unsafe(forTarget(sql, target))),
  );
  const failed = results.findIndex(
    (result) => result.status === 'rejected' && postgresCode(result.reason) !== ABORTED,
  );
  const [result, statement] = [results[failed], statements[failed]];
  if (result?.status === 'rejected' && statement !== undefined)
    throw failureOf(statement, result.reason);
}

function failureOf({ kind, name, sql }: Statement, cause: unknown): SandboxError {
  return new SandboxError('SANDBOX_005', `cannot create ${kind} ${name}: ${messageOf(cause)}`, {
    details: { kind, name, sql },
    cause,
  });
}

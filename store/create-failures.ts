/**
 * Creates that came to nothing: one audit entry each, which also keeps a late claim of the same id from coming true.
 * An id is used once, so an entry is final.
 */
import { sql as raw } from 'drizzle-orm';
import { isErrorCode, SandboxError } from '../domain/errors.js';
import type { Owner, SandboxId } from '../domain/names.js';
import { inDatabase, type Database } from './database.js';

type Reader = Pick<Database['db'], 'execute'>;

export interface CreateFailure {
  readonly actor: string;
  /** The first is kept: what a caller has been told once stays true. */
  readonly details: Readonly<Record<string, unknown>> & {
    readonly code: string;
    readonly message: string;
  };
}

/** Written once, however often it is called. */
export async function recordCreateFailure(
  database: Database,
  sandboxId: SandboxId,
  failure: CreateFailure,
): Promise<void> {
  await inDatabase(() => insertOnce(database.db, sandboxId, failure));
}

async function insertOnce(
  db: Reader,
  sandboxId: SandboxId,
  { actor, details }: CreateFailure,
): Promise<void> {
  // JSON as text: Drizzle has switched the driver's own JSON serialiser off, and a parameter that cannot be serialised
  // leaves the driver's connection stuck for good.
  await db.execute(raw`
    INSERT INTO sandbox_audit_log (sandbox_id, event_type, actor, details)
    SELECT ${sandboxId}, 'create_failed', ${actor}, ${JSON.stringify(details)}::text::jsonb
    WHERE NOT EXISTS (SELECT 1 FROM sandbox_audit_log
      WHERE sandbox_id = ${sandboxId} AND event_type = 'create_failed')`);
}

/** The refusal that this id has met before; null for an id that may be claimed. Under the owner's lock it is certain. */
export async function earlierRefusal(
  db: Reader,
  sandboxId: SandboxId,
): Promise<SandboxError | null> {
  const [entry] = await db.execute<{ code: string; message: string }>(raw`
    SELECT details->>'code' AS code, details->>'message' AS message FROM sandbox_audit_log
    WHERE sandbox_id = ${sandboxId} AND event_type = 'create_failed' LIMIT 1`);
  if (entry === undefined) return null;
  return new SandboxError(isErrorCode(entry.code) ? entry.code : 'SANDBOX_007', entry.message);
}

/** What counts an owner's sandboxes, or claims for him, holds his row. */
export async function lockOwner(db: Reader, owner: Owner): Promise<void> {
  await db.execute(raw`INSERT INTO sandbox_owners (owner) VALUES (${owner})
    ON CONFLICT (owner) DO UPDATE SET owner = EXCLUDED.owner`);
}

/**
 * Gives an unclaimed id up for good: a claim whose time ran out may still be under way on the server, and would otherwise
 * make a row that no workflow owns.
 * @returns false where the row is there after all
 */
export async function giveUpClaim(
  database: Database,
  sandboxId: SandboxId,
  owner: Owner,
  failure: CreateFailure,
): Promise<boolean> {
  return inDatabase(() =>
    database.db.transaction(async (tx) => {
      await lockOwner(tx, owner);
      const rows = await tx.execute(raw`SELECT 1 FROM sandboxes WHERE id = ${sandboxId}`);
      if (rows.length > 0) return false;
      await insertOnce(tx, sandboxId, failure);
      return true;
    }),
  );
}

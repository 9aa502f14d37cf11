/**
 * Failed creates: one audit entry each, which also blocks a late claim of the same id. An id is
 * used once, so an entry is final. The statements are functions of sql/030_lifecycle.sql, shared
 * with the claim.
 */
import type { Actor } from '../domain/actor.js';
import type { Owner, SandboxId } from '../domain/names.js';
import { inDatabase, type Database } from './database.js';

export interface CreateFailure {
  readonly actor: Actor;
  /** The first is kept: an answer to a caller must stay true. */
  readonly details: Readonly<Record<string, unknown>> & {
    readonly code: string;
    readonly message: string;
  };
}

/** Written once, however often it is called. */
export async function recordCreateFailure(
  { sql }: Database,
  sandboxId: SandboxId,
  { actor, details }: CreateFailure,
): Promise<void> {
  await inDatabase(
    () => sql`
      SELECT public.record_create_failure(${sandboxId}, ${JSON.stringify(actor)}::text::jsonb, ${JSON.stringify(details)}::text::jsonb)`,
  );
}

/** @returns false if the row exists after all */
export async function giveUpClaim(
  { sql }: Database,
  sandboxId: SandboxId,
  owner: Owner,
  { actor, details }: CreateFailure,
): Promise<boolean> {
  const [row] = await inDatabase(
    () => sql<{ given: boolean }[]>`
      SELECT public.give_up_claim(
        ${sandboxId}, ${owner}, ${JSON.stringify(actor)}::text::jsonb, ${JSON.stringify(details)}::text::jsonb) AS given`,
  );
  return row?.given === true;
}

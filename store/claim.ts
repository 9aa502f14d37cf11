/**
 * Claims a sandbox's id, name, place under the owner's limit, and guilds: all in one statement, or
 * none.
 */
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { Owner, SandboxId, SandboxName } from '../domain/names.js';
import type { ClaimedTimes } from '../domain/sandbox.js';
import { postgresCode } from '../platform/postgres.js';
import { recordCreateFailure } from './create-failures.js';
import { inDatabase, type Database } from './database.js';

export interface Claim {
  readonly sandboxId: SandboxId;
  readonly name: SandboxName;
  readonly owner: Owner;
  readonly guildIds: readonly GuildId[];
  readonly expiresAt: Date;
  readonly maxPerOwner: number;
  readonly actor: Actor;
}

const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';

/**
 * Leaves the row `creating`, its guilds claimed but not active. A repeat for the same id changes
 * nothing. A refusal leaves only a `create_failed` audit entry.
 * @throws SANDBOX_001, SANDBOX_002, SANDBOX_003; SANDBOX_007 if this id is being destroyed
 */
export async function claimSandbox(database: Database, claim: Claim): Promise<ClaimedTimes> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inDatabase(() => claimOnce(database, claim));
    } catch (error) {
      if (postgresCode(error) === DEADLOCK && attempt < 5) continue;
      const refusal = refusalOf(error, claim);
      throw refusal === null ? error : await refused(database, claim, refusal);
    }
  }
}

async function claimOnce({ sql }: Database, claim: Claim): Promise<ClaimedTimes> {
  const { sandboxId, name, owner, guildIds, expiresAt, maxPerOwner, actor } = claim;
  // Text of a whole number: extra_float_digits would round a float to the year 2033.
  const [claimed] = await sql<[Record<keyof ClaimedTimes, string>]>`
    SELECT created_ms::bigint::text AS "createdAt", expires_ms::bigint::text AS "expiresAt"
    FROM public.claim_sandbox(
      ${sandboxId}, ${name}, ${owner}, ${JSON.stringify(guildIds)}::text::jsonb,
      ${expiresAt.toISOString()}::timestamptz, ${maxPerOwner},
      ${JSON.stringify(actor)}::text::jsonb)`;
  return { createdAt: Number(claimed.createdAt), expiresAt: Number(claimed.expiresAt) };
}

/** Null if another attempt may succeed. */
function refusalOf(error: unknown, { name }: Claim): SandboxError | null {
  if (postgresCode(error) === UNIQUE_VIOLATION)
    return new SandboxError('SANDBOX_001', `a live sandbox is already named ${name}`);
  if (!(error instanceof SandboxError)) return null;
  const { guildId, sandboxId } = error.details;
  if (error.code === 'SANDBOX_003' && guildId !== undefined)
    return guildTaken(guildId as GuildId, (sandboxId ?? undefined) as SandboxId | undefined);
  return error.code === 'SANDBOX_002' ? error : null;
}

export function guildTaken(guildId: GuildId, holder: SandboxId | undefined): SandboxError {
  return new SandboxError(
    'SANDBOX_003',
    `guild ${guildId} is registered to ${holder === undefined ? 'another sandbox' : `sandbox ${holder}`}`,
    { details: { guildId, sandboxId: holder } },
  );
}

async function refused(
  database: Database,
  claim: Claim,
  refusal: SandboxError,
): Promise<SandboxError> {
  await recordCreateFailure(database, claim.sandboxId, {
    actor: claim.actor,
    details: { step: 'claim', code: refusal.code, message: refusal.message, name: claim.name },
  });
  return refusal;
}

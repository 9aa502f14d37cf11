/** Claims a sandbox: its id, its name, a place under the owner's limit and its guilds, in one statement or not at all. */
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { Owner, SandboxId, SandboxName } from '../domain/names.js';
import {
  needsGrant,
  notPermitted,
  type Action,
  type GuildPolicy,
  type Lack,
} from '../domain/permissions.js';
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
  readonly guildPolicy: GuildPolicy;
  readonly actor: Actor;
}

const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';

/**
 * Leaves the row `creating` with its guilds claimed, not active. Running it again for the same id changes nothing.
 * A refusal leaves only a `create_failed` audit entry.
 * @throws SANDBOX_001, _002, _003; _007 where this id is already being destroyed; _010 for a guild that is not granted
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
  const { sandboxId, name, owner, guildIds, expiresAt, maxPerOwner, guildPolicy, actor } = claim;
  // As text of a whole number: extra_float_digits would round a float to the year 2033.
  const [claimed] = await sql<[Record<keyof ClaimedTimes, string>]>`
    SELECT created_ms::bigint::text AS "createdAt", expires_ms::bigint::text AS "expiresAt"
    FROM public.claim_sandbox(
      ${sandboxId}, ${name}, ${owner}, ${JSON.stringify(guildIds)}::text::jsonb,
      ${needsGrant(actor, guildPolicy)}, ${expiresAt.toISOString()}::timestamptz, ${maxPerOwner},
      ${JSON.stringify(actor)}::text::jsonb)`;
  return { createdAt: Number(claimed.createdAt), expiresAt: Number(claimed.expiresAt) };
}

/** Null for what another attempt may overcome. */
function refusalOf(error: unknown, { name, actor }: Claim): SandboxError | null {
  if (postgresCode(error) === UNIQUE_VIOLATION)
    return new SandboxError('SANDBOX_001', `a live sandbox is already named ${name}`);
  if (!(error instanceof SandboxError)) return null;
  const { guildId, sandboxId } = error.details;
  if (error.code === 'SANDBOX_003' && guildId !== undefined)
    return guildTaken(guildId as GuildId, (sandboxId ?? undefined) as SandboxId | undefined);
  if (error.code === 'SANDBOX_010') return notGranted(error, actor, 'create');
  return error.code === 'SANDBOX_002' ? error : null;
}

/** The refusal of sandbox_require_grants (sql/100_identity.sql) in the words of domain/permissions.ts. */
export function notGranted(error: SandboxError, actor: Actor, action: Action): SandboxError {
  const { lacks } = error.details;
  return lacks === undefined ? error : notPermitted(actor, action, lacks as Lack);
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
  const { code, message, details } = refusal;
  const lacking = details.lacks === undefined ? {} : { lacks: details.lacks };
  await recordCreateFailure(database, claim.sandboxId, {
    actor: claim.actor,
    details: { step: 'claim', code, message, name: claim.name, ...lacking },
  });
  return refusal;
}

/**
 * Claims a sandbox's id, name, place under the owner's limit, and guilds: all in one statement, or
 * none.
 */
import type { Actor } from '../domain/actor.js';
import type { VerifiedCommand } from '../domain/command.js';
import { SandboxError, type ErrorCode } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import {
  needsGrant,
  notPermitted,
  type Action,
  type GuildPolicy,
  type Lack,
} from '../domain/permissions.js';
import type { Claimed, ClaimedTimes } from '../domain/sandbox.js';
import type { TemplateName } from '../domain/template.js';
import { postgresCode } from '../platform/postgres.js';
import { refuseExpired } from '../platform/signature.js';
import { recordCreateFailure } from './create-failures.js';
import { inDatabase, type Database } from './database.js';

/** Owner, name and guilds come from the signed command; the policy from the worker. */
export interface Claim {
  readonly create: VerifiedCommand<'create'>;
  readonly expiresAt: Date;
  readonly maxPerOwner: number;
  readonly guildPolicy: GuildPolicy;
  /** Of a create that names none. */
  readonly defaultTemplate: TemplateName;
}

const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';

/**
 * Leaves the row `creating`, its guilds claimed but not active. A repeat for the same id changes
 * nothing. A refusal leaves only a `create_failed` audit entry.
 * @throws SANDBOX_001, SANDBOX_002, SANDBOX_003; SANDBOX_004 for an unknown template; SANDBOX_007 if
 * this id is being destroyed
 */
export async function claimSandbox(database: Database, claim: Claim): Promise<Claimed> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inDatabase(() => claimOnce(database, claim));
    } catch (error) {
      if (postgresCode(error) === DEADLOCK && attempt < 5) continue;
      // With the hint to repeat it, which SQL does not give.
      if (isErrorOf(error, 'SANDBOX_010')) refuseExpired(claim.create);
      const refusal = refusalOf(error, claim);
      throw refusal === null ? error : await refused(database, claim, refusal);
    }
  }
}

async function claimOnce({ sql }: Database, claim: Claim): Promise<Claimed> {
  const { create, expiresAt, maxPerOwner, guildPolicy, defaultTemplate } = claim;
  const { sandboxId, commandId, actor, args } = create.command;
  const { name, owner, guildIds, template = defaultTemplate } = args;
  // Text of a whole number: extra_float_digits would round a float to the year 2033.
  type Row = Record<keyof ClaimedTimes, string> & Omit<Claimed, keyof ClaimedTimes>;
  const [claimed] = await sql<[Row]>`
    SELECT created_ms::bigint::text AS "createdAt", expires_ms::bigint::text AS "expiresAt",
      claimed.template, template_version AS "templateVersion",
      (SELECT t.statement_count FROM public.sandbox_templates t
        WHERE t.name = claimed.template AND t.version = template_version) AS "templateStatements"
    FROM public.claim_sandbox(
      ${sandboxId}, ${name}, ${owner}, ${JSON.stringify(guildIds)}::text::jsonb,
      ${needsGrant(actor, guildPolicy)}, ${expiresAt.toISOString()}::timestamptz, ${maxPerOwner},
      ${JSON.stringify(actor)}::text::jsonb, ${commandId}, ${create.isExpired},
      ${template}) AS claimed`;
  return {
    ...claimed,
    createdAt: Number(claimed.createdAt),
    expiresAt: Number(claimed.expiresAt),
  };
}

const isErrorOf = (error: unknown, code: ErrorCode): boolean =>
  error instanceof SandboxError && error.code === code;

/** Null if another attempt may succeed. */
function refusalOf(error: unknown, { create }: Claim): SandboxError | null {
  const { actor } = create.command;
  const { name } = create.command.args;
  if (postgresCode(error) === UNIQUE_VIOLATION)
    return new SandboxError('SANDBOX_001', `a live sandbox is already named ${name}`);
  if (!(error instanceof SandboxError)) return null;
  const { guildId, sandboxId } = error.details;
  if (error.code === 'SANDBOX_003' && guildId !== undefined)
    return guildTaken(guildId as GuildId, (sandboxId ?? undefined) as SandboxId | undefined);
  if (error.code === 'SANDBOX_002') return error;
  if (error.code === 'SANDBOX_004') return unknownTemplate(error);
  return lacksGrant(error) ? notGranted(error, actor, 'create') : null;
}

/** The refusal of sandbox_require_grants (sql/100_identity.sql) in the words of domain/permissions.ts. */
export function notGranted(error: SandboxError, actor: Actor, action: Action): SandboxError {
  return notPermitted(actor, action, error.details.lacks as Lack);
}

const unknownTemplate = ({ message, details }: SandboxError): SandboxError =>
  new SandboxError('SANDBOX_004', message, {
    details,
    hint: '`bd template list` shows the templates.',
  });

export const lacksGrant = (error: SandboxError): boolean =>
  (error.details.lacks as Lack | undefined)?.kind === 'grant';

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
  const { sandboxId, actor, args } = claim.create.command;
  const { code, message, details } = refusal;
  const lacking = details.lacks === undefined ? {} : { lacks: details.lacks };
  await recordCreateFailure(database, sandboxId, {
    actor,
    details: { step: 'claim', code, message, name: args.name, ...lacking },
  });
  return refusal;
}

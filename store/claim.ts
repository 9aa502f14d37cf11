/** Claims a sandbox: its id, its name, a place under the owner's limit and its guilds, in one transaction or not at all. */
import { and, eq, inArray, or } from 'drizzle-orm';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { Owner, SandboxId, SandboxName } from '../domain/names.js';
import { isLive, LIVE_STATUSES } from '../domain/status.js';
import { postgresCode } from '../platform/postgres.js';
import { writeAudit } from './audit.js';
import { earlierRefusal, lockOwner, recordCreateFailure } from './create-failures.js';
import { inDatabase, type Database } from './database.js';
import { guildMappings, sandboxes } from './schema.js';

export interface Claim {
  readonly sandboxId: SandboxId;
  readonly name: SandboxName;
  readonly owner: Owner;
  readonly guildIds: readonly GuildId[];
  readonly expiresAt: Date;
  readonly maxPerOwner: number;
}

export interface Claimed {
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';

/**
 * Leaves the row `creating` with its guilds claimed, not active. Running it again for the same id changes nothing.
 * A refusal leaves only a `create_failed` audit entry.
 * @throws SANDBOX_001, SANDBOX_002, SANDBOX_003; SANDBOX_007 where this id is already being destroyed
 */
export async function claimSandbox(database: Database, claim: Claim): Promise<Claimed> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inDatabase(() => claimOnce(database, claim));
    } catch (error) {
      if (postgresCode(error) === DEADLOCK && attempt < 5) continue;
      if (postgresCode(error) === UNIQUE_VIOLATION) {
        throw await refused(
          database,
          claim,
          new SandboxError('SANDBOX_001', `a live sandbox is already named ${claim.name}`),
        );
      }
      const refusal =
        error instanceof SandboxError && ['SANDBOX_002', 'SANDBOX_003'].includes(error.code);
      throw refusal ? await refused(database, claim, error) : error;
    }
  }
}

async function claimOnce(database: Database, claim: Claim): Promise<Claimed> {
  const { sandboxId, name, owner, guildIds, expiresAt, maxPerOwner } = claim;
  return database.db.transaction(async (tx) => {
    // The owner's row is the lock under which the limit is counted.
    await lockOwner(tx, owner);
    const refusal = earlierRefusal(tx, sandboxId);
    const rows = await tx
      .select()
      .from(sandboxes)
      .where(
        or(
          eq(sandboxes.sandboxId, sandboxId),
          and(eq(sandboxes.owner, owner), inArray(sandboxes.status, [...LIVE_STATUSES])),
        ),
      );
    const known = rows.find((row) => row.sandboxId === sandboxId);
    if (known !== undefined) {
      if (!isLive(known.status)) {
        throw new SandboxError('SANDBOX_007', `sandbox ${sandboxId} is ${known.status}`);
      }
      return known;
    }
    const before = await refusal;
    if (before !== null) throw before;
    if (rows.length >= maxPerOwner) {
      throw new SandboxError(
        'SANDBOX_002',
        `${owner} has ${rows.length} live sandboxes; the limit is ${maxPerOwner}`,
      );
    }
    const [made] = await tx
      .insert(sandboxes)
      .values({ sandboxId, name, owner, expiresAt })
      .returning({ createdAt: sandboxes.createdAt, expiresAt: sandboxes.expiresAt });
    if (guildIds.length > 0) {
      const claimed = await tx
        .insert(guildMappings)
        .values(guildIds.map((guildId) => ({ guildId, sandboxId })))
        .onConflictDoNothing()
        .returning({ guildId: guildMappings.guildId });
      const taken = guildIds.filter((guildId) => !claimed.some((c) => c.guildId === guildId));
      if (taken.length > 0) {
        const holders = await tx
          .select()
          .from(guildMappings)
          .where(inArray(guildMappings.guildId, taken));
        throw guildTaken(taken[0] as GuildId, holders[0]?.sandboxId);
      }
    }
    await tx
      .update(sandboxes)
      .set({ status: 'creating' })
      .where(eq(sandboxes.sandboxId, sandboxId));
    await writeAudit(
      tx,
      sandboxId,
      owner,
      ['sandbox_created', { name, guildIds, expiresAt: expiresAt.toISOString() }],
      ...guildIds.map((guildId) => ['guild_registered', { guildId }] as const),
      ['status_changed', { from: 'pending', to: 'creating' }],
    );
    return made ?? { createdAt: new Date(), expiresAt };
  });
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
    actor: claim.owner,
    details: { step: 'claim', code: refusal.code, message: refusal.message, name: claim.name },
  });
  return refusal;
}

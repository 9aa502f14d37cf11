/**
 * The guilds of sandboxes: claim, activation, withdrawal. A trigger raises the route version in the
 * same transaction.
 */
import { and, asc, eq, lte, sql as raw } from 'drizzle-orm';
import { WORKFLOW_ACTOR, type Actor } from '../domain/actor.js';
import type { Command, VerifiedCommand } from '../domain/command.js';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { needsGrant, type GuildPolicy } from '../domain/permissions.js';
import { usedUp } from '../platform/signature.js';
import type { Route, RouteKey } from '../routing/route.js';
import { writeAudit } from './audit.js';
import { guildTaken, lacksGrant, notGranted } from './claim.js';
import { commitOnce, committedOutcome, ofCommand } from './committed-once.js';
import { inDatabase, type Database } from './database.js';
import { lockedRow, type Transaction } from './locked-row.js';
import { committedCommands, guildMappings, type GuildMapping } from './schema.js';

/**
 * An attempt that was given up may finish late, for example after a worker's pause. It must not
 * change a mapping after a newer decision, so a change that takes longer does not commit.
 */
const COMMIT_WITHIN_MS = 2_000;

async function inShortTransaction<T>(
  { db }: Database,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const began = performance.now();
  return inDatabase(() =>
    db.transaction(async (tx) => {
      const outcome = await work(tx);
      if (performance.now() - began < COMMIT_WITHIN_MS) return outcome;
      throw new SandboxError(
        'SANDBOX_009',
        `Postgres has not answered within ${COMMIT_WITHIN_MS} ms: the change was given up`,
        { details: { dependency: 'postgres' } },
      );
    }),
  );
}

/** What a registration has committed. */
interface Registration {
  /** False: the sandbox had the guild already. */
  readonly added: boolean;
  readonly takenBack?: true;
}

/**
 * Registers the guild to a running sandbox, active at once. A repeat changes nothing.
 * @throws SANDBOX_003 if another sandbox has it, SANDBOX_007 unless this one runs, SANDBOX_010 for a
 * guild that `policy` wants granted and that is not
 */
export async function addGuild(
  database: Database,
  verified: VerifiedCommand<'registerGuild'>,
  policy: GuildPolicy,
): Promise<void> {
  const { command } = verified;
  const { sandboxId, actor } = command;
  const { guildId } = command.args;
  const byGrant = needsGrant(actor, policy);
  await inShortTransaction(database, async (tx) => {
    const { isRepeated } = await commitOnce<Registration>(tx, verified, async ({ owner }) => {
      if (byGrant) await requireGrant(tx, owner, guildId);
      const inserted = await tx
        .insert(guildMappings)
        .values({ guildId, sandboxId, active: true, byGrant })
        .onConflictDoNothing()
        .returning();
      if (inserted.length === 0) {
        const holder = await mappingIn(tx, guildId);
        if (holder?.sandboxId !== sandboxId) throw guildTaken(guildId, holder?.sandboxId);
        // A route that needed no grant at first does not end with one.
        await tx
          .update(guildMappings)
          .set({ active: true, byGrant: byGrant && holder.byGrant })
          .where(eq(guildMappings.guildId, guildId));
        return { added: false };
      }
      await writeAudit(tx, sandboxId, actor, ['guild_registered', { guildId }]);
      return { added: true };
    });
    if (isRepeated && (await mappingIn(tx, guildId))?.sandboxId !== sandboxId)
      throw usedUp(command);
  }).catch((error: unknown) => {
    if (error instanceof SandboxError && lacksGrant(error))
      throw notGranted(error, actor, 'registerGuild');
    throw error;
  });
}

/**
 * Takes the guild from this sandbox; idempotent. The row's lock waits for a registration that is
 * about to commit: before that its mapping is invisible.
 */
export async function takeGuildBack(
  database: Database,
  { command }: VerifiedCommand<'registerGuild'>,
): Promise<void> {
  const { sandboxId, commandId, args } = command;
  const { guildId } = args;
  await inShortTransaction(database, async (tx) => {
    // Of a sandbox that ends, the clean-up takes every guild.
    if ((await lockedRow(tx, sandboxId))?.status !== 'running') return;
    const known = (await committedOutcome(tx, command)) as Registration | undefined;
    if (known?.takenBack === true) return;
    const outcome: Registration = { added: known?.added ?? false, takenBack: true };
    if (outcome.added && (await withdrawn(tx, command))) {
      await writeAudit(tx, sandboxId, WORKFLOW_ACTOR, ['guild_unregistered', { guildId }]);
    }
    await tx
      .insert(committedCommands)
      .values({ sandboxId, commandId, outcome })
      .onConflictDoUpdate({
        target: [committedCommands.sandboxId, committedCommands.commandId],
        set: { outcome },
      });
  });
}

/** Deletes the mapping that the command added, not one that a later command has added since. */
async function withdrawn(tx: Transaction, command: Command<'registerGuild'>): Promise<boolean> {
  const committedAt = tx
    .select({ at: committedCommands.committedAt })
    .from(committedCommands)
    .where(ofCommand(command));
  const gone = await tx
    .delete(guildMappings)
    .where(
      and(
        eq(guildMappings.guildId, command.args.guildId),
        eq(guildMappings.sandboxId, command.sandboxId),
        lte(guildMappings.registeredAt, committedAt),
      ),
    )
    .returning();
  return gone.length > 0;
}

async function mappingIn(tx: Transaction, guildId: GuildId): Promise<GuildMapping | undefined> {
  const [mapping] = await tx.select().from(guildMappings).where(eq(guildMappings.guildId, guildId));
  return mapping;
}

/** @throws SANDBOX_010 naming the grant that `owner` lacks */
async function requireGrant(tx: Transaction, owner: string, guildId: GuildId): Promise<void> {
  const guilds = JSON.stringify([guildId]);
  await tx.execute(raw`SELECT public.sandbox_require_grants(${owner}, ${guilds}::text::jsonb)`);
}

/** Takes the guild from this sandbox. Repeated: no change. @throws SANDBOX_007 unless it runs, SANDBOX_010 */
export async function removeGuild(
  database: Database,
  verified: VerifiedCommand<'unregisterGuild'>,
): Promise<void> {
  const { sandboxId, actor, args } = verified.command;
  const { guildId } = args;
  await inShortTransaction(database, (tx) =>
    commitOnce(tx, verified, async () => {
      const gone = await tx
        .delete(guildMappings)
        .where(and(eq(guildMappings.guildId, guildId), eq(guildMappings.sandboxId, sandboxId)))
        .returning();
      if (gone.length > 0) {
        await writeAudit(tx, sandboxId, actor, ['guild_unregistered', { guildId }]);
      }
      return { removed: gone.length > 0 };
    }),
  );
}

/**
 * Activates the guilds of the create, and makes the sandbox an addressee; idempotent.
 * @throws SANDBOX_007 unless it is being created or runs: a late attempt activates nothing after a
 * destroy
 */
export async function activateRoutes({ sql }: Database, sandboxId: SandboxId): Promise<void> {
  await inDatabase(() => sql`SELECT public.activate_sandbox_routes(${sandboxId})`);
}

/** Withdraws every guild of a sandbox, one audit entry each; idempotent. */
export async function removeAllGuilds(
  { sql }: Database,
  sandboxId: SandboxId,
  actor: Actor,
): Promise<void> {
  await inDatabase(
    () => sql`
      WITH gone AS (
        DELETE FROM public.sandbox_guild_mapping WHERE sandbox_id = ${sandboxId} RETURNING guild_id
      )
      INSERT INTO public.sandbox_audit_log
        (sandbox_id, event_type, actor, actor_kind, actor_role, via, details)
      SELECT ${sandboxId}, 'guild_unregistered', ${actor.name}, ${actor.kind}, ${actor.role},
        ${actor.via}, jsonb_build_object('guildId', guild_id)
      FROM gone ORDER BY guild_id`,
  );
}

export async function guildsOf(database: Database, sandboxId: SandboxId): Promise<GuildMapping[]> {
  return inDatabase(() =>
    database.db
      .select()
      .from(guildMappings)
      .where(eq(guildMappings.sandboxId, sandboxId))
      .orderBy(asc(guildMappings.guildId)),
  );
}

export async function mappingOf(
  database: Database,
  guildId: GuildId,
): Promise<GuildMapping | null> {
  const [row] = await inDatabase(() =>
    database.db.select().from(guildMappings).where(eq(guildMappings.guildId, guildId)),
  );
  return row ?? null;
}

/** The newest route version. The routers must confirm it after a registration. */
export async function routeVersion(database: Database): Promise<number> {
  const [row] = await inDatabase(
    () => database.sql<{ version: string }[]>`SELECT version FROM public.sandbox_route_version`,
  );
  return Number(row?.version ?? 0);
}

/** Entries of the route table above `version`, with tombstones, in the order of their versions. */
export async function routesSince(database: Database, version: number): Promise<Route[]> {
  const rows = await inDatabase(
    () => database.sql<{ key: RouteKey; sandboxId: SandboxId | null; version: string }[]>`
      SELECT guild_id AS key, sandbox_id AS "sandboxId", version
        FROM public.sandbox_routes WHERE version > ${version}
      UNION ALL
      SELECT sandbox_id, CASE WHEN active THEN sandbox_id END, version
        FROM public.sandbox_addressees WHERE version > ${version}
      ORDER BY version`,
  );
  return rows.map((row) => ({ ...row, version: Number(row.version) }));
}

/** Every active mapping. */
export async function activeMappings(database: Database): Promise<GuildMapping[]> {
  return inDatabase(() =>
    database.db.select().from(guildMappings).where(eq(guildMappings.active, true)),
  );
}

/** Which sandbox has which guild: claimed, activated, withdrawn. A trigger raises the route version in the same transaction. */
import { and, asc, eq, sql as raw } from 'drizzle-orm';
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { needsGrant, type GuildPolicy } from '../domain/permissions.js';
import type { Route, RouteKey } from '../routing/route.js';
import { writeAudit } from './audit.js';
import { guildTaken, notGranted } from './claim.js';
import { inDatabase, type Database } from './database.js';
import { lockedRow, lockedRunningRow, type Transaction } from './locked-row.js';
import { guildMappings, type GuildMapping } from './schema.js';

/**
 * An attempt that was given up may go on: a worker stopped and woken, Postgres that stood still. It must not change a
 * mapping behind what was decided since, so nothing is committed that has taken this long.
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

/** A registration that an actor asks for, under the worker's policy. */
export interface Registration {
  readonly sandboxId: SandboxId;
  readonly guildId: GuildId;
  readonly actor: Actor;
  readonly policy: GuildPolicy;
}

/**
 * Registers `guildId` to a running sandbox, active at once. Again for the same sandbox: no change.
 * @returns whether it is new, which a roll-back must know
 * @throws SANDBOX_003 where another sandbox has it, _007 unless this one runs, _010 without a grant
 */
export async function addGuild(
  database: Database,
  { sandboxId, guildId, actor, policy }: Registration,
): Promise<{ added: boolean }> {
  const byGrant = needsGrant(actor, policy);
  return inShortTransaction(database, async (tx) => {
    const { owner } = await lockedRunningRow(tx, sandboxId, 'share');
    if (byGrant) {
      const guilds = JSON.stringify([guildId]);
      await tx.execute(raw`SELECT public.sandbox_require_grants(${owner}, ${guilds}::text::jsonb)`);
    }
    const inserted = await tx
      .insert(guildMappings)
      .values({ guildId, sandboxId, active: true, byGrant })
      .onConflictDoNothing()
      .returning();
    if (inserted.length === 0) {
      const [holder] = await tx
        .select()
        .from(guildMappings)
        .where(eq(guildMappings.guildId, guildId));
      if (holder?.sandboxId !== sandboxId) throw guildTaken(guildId, holder?.sandboxId);
      // Whatever needed no grant at first does not end with one.
      await tx
        .update(guildMappings)
        .set({ active: true, byGrant: byGrant && holder.byGrant })
        .where(eq(guildMappings.guildId, guildId));
      return { added: false };
    }
    await writeAudit(tx, sandboxId, actor, ['guild_registered', { guildId }]);
    return { added: true };
  }).catch((error: unknown) => {
    if (!(error instanceof SandboxError && error.code === 'SANDBOX_010')) throw error;
    throw notGranted(error, actor, 'registerGuild');
  });
}

/**
 * Takes the guild from this sandbox; idempotent. The row's lock waits for a registration that is about to commit, whose
 * mapping would not be seen before.
 */
export async function removeGuild(
  database: Database,
  sandboxId: SandboxId,
  guildId: GuildId,
  actor: Actor,
): Promise<void> {
  await inShortTransaction(database, async (tx) => {
    await lockedRow(tx, sandboxId, 'update');
    const gone = await tx
      .delete(guildMappings)
      .where(and(eq(guildMappings.guildId, guildId), eq(guildMappings.sandboxId, sandboxId)))
      .returning();
    if (gone.length > 0) {
      await writeAudit(tx, sandboxId, actor, ['guild_unregistered', { guildId }]);
    }
  });
}

/**
 * Makes the guilds claimed at create effective, and the sandbox an addressee; idempotent.
 * @throws SANDBOX_007 unless it is being made or runs: a late attempt activates nothing behind a destroy
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

/** The newest route version; what a registration must see confirmed by the routers. */
export async function routeVersion(database: Database): Promise<number> {
  const [row] = await inDatabase(
    () => database.sql<{ version: string }[]>`SELECT version FROM public.sandbox_route_version`,
  );
  return Number(row?.version ?? 0);
}

/** Entries of the route table newer than `version`, tombstones included, in the order of their versions. */
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

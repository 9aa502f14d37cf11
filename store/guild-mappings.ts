/**
 * The guilds of sandboxes: claim, activation, withdrawal. A trigger raises the route version in the
 * same transaction.
 */
import { and, asc, eq } from 'drizzle-orm';
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import type { Route, RouteKey } from '../routing/route.js';
import { writeAudit } from './audit.js';
import { guildTaken } from './claim.js';
import { inDatabase, type Database } from './database.js';
import { lockedRow, lockedRunningRow, type Transaction } from './locked-row.js';
import { guildMappings, type GuildMapping } from './schema.js';

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

/**
 * Registers `guildId` to a running sandbox, active at once. A repeat changes nothing.
 * @returns true if the mapping is new; a rollback needs this
 * @throws SANDBOX_003 if another sandbox has it, SANDBOX_007 unless this one runs
 */
export async function addGuild(
  database: Database,
  sandboxId: SandboxId,
  guildId: GuildId,
  actor: Actor,
): Promise<{ added: boolean }> {
  return inShortTransaction(database, async (tx) => {
    await lockedRunningRow(tx, sandboxId, 'share');
    const inserted = await tx
      .insert(guildMappings)
      .values({ guildId, sandboxId, active: true })
      .onConflictDoNothing()
      .returning();
    if (inserted.length === 0) {
      const [holder] = await tx
        .select()
        .from(guildMappings)
        .where(eq(guildMappings.guildId, guildId));
      if (holder?.sandboxId !== sandboxId) throw guildTaken(guildId, holder?.sandboxId);
      await tx
        .update(guildMappings)
        .set({ active: true })
        .where(eq(guildMappings.guildId, guildId));
      return { added: false };
    }
    await writeAudit(tx, sandboxId, actor, ['guild_registered', { guildId }]);
    return { added: true };
  });
}

/**
 * Takes the guild from this sandbox; idempotent. The row's lock waits for a registration that is
 * about to commit: before that its mapping is invisible.
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

/**
 * Rows of claimed sandboxes (claim.ts): transition, change, read. Only the workflow's activities
 * write them.
 */
import { and, asc, desc, eq, inArray, sql as raw } from 'drizzle-orm';
import type { Actor } from '../domain/actor.js';
import type { AuditEvent } from '../domain/audit.js';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import type { Owner, SandboxId, SandboxRef } from '../domain/names.js';
import { LIVE_STATUSES, type SandboxStatus } from '../domain/status.js';
import { inDatabase, type Database } from './database.js';
import { guildMappings, sandboxes, type SandboxRow } from './schema.js';

/** A sandbox's row with its claimed guilds. */
export interface SandboxRecord extends SandboxRow {
  readonly guildIds: GuildId[];
}

export async function getSandbox(
  database: Database,
  sandboxId: SandboxId,
): Promise<SandboxRecord | null> {
  return inDatabase(async () => {
    const row = await database.db.query.sandboxes.findFirst({
      where: eq(sandboxes.sandboxId, sandboxId),
      with: { guilds: { orderBy: asc(guildMappings.guildId) } },
    });
    if (row === undefined) return null;
    const { guilds, ...sandbox } = row;
    return { ...sandbox, guildIds: guilds.map(({ guildId }) => guildId) };
  });
}

/** Null if there is no row. One short query, because fences ask often. */
export async function statusOf(
  database: Database,
  sandboxId: SandboxId,
): Promise<SandboxStatus | null> {
  const [row] = await inDatabase(
    () =>
      database.sql<
        { status: SandboxStatus }[]
      >`SELECT status FROM public.sandboxes WHERE id = ${sandboxId}`,
  );
  return row?.status ?? null;
}

/** Without the guilds, in one short query: steps of a create ask for it. */
export async function rowOf({ db }: Database, sandboxId: SandboxId): Promise<SandboxRow | null> {
  const [row] = await inDatabase(() =>
    db.select().from(sandboxes).where(eq(sandboxes.sandboxId, sandboxId)),
  );
  return row ?? null;
}

/** By id or name. Of several rows with the name the live one, else the newest. */
export async function findSandbox(
  database: Database,
  ref: SandboxRef,
): Promise<SandboxRecord | null> {
  if (ref.kind === 'id') return getSandbox(database, ref.sandboxId);
  const [row] = await inDatabase(() =>
    database.db
      .select({ sandboxId: sandboxes.sandboxId })
      .from(sandboxes)
      .where(eq(sandboxes.name, ref.name))
      .orderBy(
        raw`(${inArray(sandboxes.status, [...LIVE_STATUSES])}) DESC`,
        desc(sandboxes.createdAt),
      )
      .limit(1),
  );
  return row === undefined ? null : getSandbox(database, row.sandboxId);
}

export interface ListFilter {
  readonly owner?: Owner;
  readonly status?: readonly SandboxStatus[];
}

export async function listSandboxes(
  database: Database,
  filter: ListFilter,
): Promise<SandboxRecord[]> {
  return inDatabase(async () => {
    const rows = await database.db.query.sandboxes.findMany({
      where: and(
        filter.owner === undefined ? undefined : eq(sandboxes.owner, filter.owner),
        filter.status === undefined ? undefined : inArray(sandboxes.status, [...filter.status]),
      ),
      with: { guilds: { orderBy: asc(guildMappings.guildId) } },
      orderBy: [desc(sandboxes.createdAt), asc(sandboxes.sandboxId)],
    });
    return rows.map(({ guilds, ...sandbox }) => ({
      ...sandbox,
      guildIds: guilds.map((g) => g.guildId),
    }));
  });
}

/** Live sandboxes of each owner with at least one. */
export async function countLiveByOwner(database: Database): Promise<Map<Owner, number>> {
  const rows = await inDatabase(() =>
    database.db
      .select({ owner: sandboxes.owner, count: raw<number>`count(*)::int` })
      .from(sandboxes)
      .where(inArray(sandboxes.status, [...LIVE_STATUSES]))
      .groupBy(sandboxes.owner),
  );
  return new Map(rows.map(({ owner, count }) => [owner, count]));
}

export interface Transition {
  readonly to: SandboxStatus;
  readonly actor: Actor;
  readonly details?: Record<string, unknown>;
  /** A second audit event at the same moment, such as `sandbox_destroyed`. */
  readonly event?: AuditEvent;
}

/**
 * Changes the status and writes its audit in one statement, once however often it is called
 * (sql/030_lifecycle.sql).
 * @throws SANDBOX_004 without a row, SANDBOX_007 if the status machine forbids the change
 */
export async function transition(
  { sql }: Database,
  sandboxId: SandboxId,
  { to, actor, details = {}, event }: Transition,
): Promise<void> {
  await inDatabase(
    () => sql`
      SELECT public.transition_sandbox(${sandboxId}, ${to}::public.sandbox_status,
        ${JSON.stringify(actor)}::text::jsonb, ${JSON.stringify(details)}::text::jsonb, ${event ?? null})`,
  );
}

/** The reason why a clean-up is being retried; null once it continues. */
export async function setCleanupError(
  database: Database,
  sandboxId: SandboxId,
  cleanupError: string | null,
): Promise<void> {
  await inDatabase(() =>
    database.db.update(sandboxes).set({ cleanupError }).where(eq(sandboxes.sandboxId, sandboxId)),
  );
}

export async function installationId(database: Database): Promise<string> {
  const [row] = await inDatabase(
    () => database.sql<{ id: string }[]>`SELECT id FROM public.sandbox_installation`,
  );
  if (row === undefined)
    throw new SandboxError('SANDBOX_009', 'the database is not migrated', {
      hint: 'Run `bd migrate`.',
    });
  return row.id;
}

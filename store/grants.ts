/** Guild grants: an operator's permission for an owner to register a guild. */
import { and, asc, eq } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import type { Actor } from '../domain/actor.js';
import type { GuildId } from '../domain/guild.js';
import type { GuildGrant } from '../domain/identity.js';
import type { Owner, SandboxId } from '../domain/names.js';
import { inDatabase, type Database } from './database.js';
import { time } from './schema.js';

const guildGrants = pgTable('sandbox_guild_grants', {
  guildId: text('guild_id').$type<GuildId>().notNull(),
  owner: text('owner').$type<Owner>().notNull(),
  grantedBy: text('granted_by').notNull(),
  grantedAt: time('granted_at').notNull(),
  until: time('until'),
});

export interface GrantKey {
  readonly guildId: GuildId;
  readonly owner: Owner;
}

/** Again for the same guild and owner: the new `until` counts. @throws SANDBOX_008 where it has passed */
export async function grantGuild(
  { sql }: Database,
  { guildId, owner }: GrantKey,
  until: string | null,
  actor: Actor,
): Promise<void> {
  await inDatabase(
    () => sql`
      SELECT public.grant_guild(
        ${guildId}, ${owner}, ${until}::timestamptz, ${JSON.stringify(actor)}::text::jsonb)`,
  );
}

/** Waits for a registration that is under way. False where there is no such grant. */
export async function revokeGrant(
  { sql }: Database,
  { guildId, owner }: GrantKey,
  actor: Actor,
): Promise<boolean> {
  const [row] = await inDatabase(
    () => sql<{ found: boolean }[]>`
      SELECT public.revoke_guild_grant(
        ${guildId}, ${owner}, ${JSON.stringify(actor)}::text::jsonb) AS found`,
  );
  return row?.found === true;
}

/** By guild, then owner. A grant whose end has passed stays until it is revoked. */
export async function listGrants(
  { db }: Database,
  { owner, guildId }: Partial<GrantKey>,
): Promise<GuildGrant[]> {
  const rows = await inDatabase(() =>
    db
      .select()
      .from(guildGrants)
      .where(
        and(
          owner === undefined ? undefined : eq(guildGrants.owner, owner),
          guildId === undefined ? undefined : eq(guildGrants.guildId, guildId),
        ),
      )
      .orderBy(asc(guildGrants.guildId), asc(guildGrants.owner)),
  );
  return rows.map((row) => ({
    ...row,
    grantedAt: row.grantedAt.toISOString(),
    until: row.until?.toISOString() ?? null,
  }));
}

/** A route whose registration needed a grant that has ended. */
export interface LapsedRoute {
  readonly guildId: GuildId;
  readonly sandboxId: SandboxId;
  /** Epoch ms: one guild may be registered again and lapse again. */
  readonly registeredAt: number;
}

/** Active routes only: one that is claimed is refused when it would become active. */
export async function lapsedRoutes({ sql }: Database): Promise<LapsedRoute[]> {
  const rows = await inDatabase(
    () => sql<{ guildId: GuildId; sandboxId: SandboxId; registeredAt: string }[]>`
      SELECT m.guild_id AS "guildId", m.sandbox_id AS "sandboxId",
        floor(extract(epoch FROM m.registered_at) * 1000)::bigint::text AS "registeredAt"
      FROM public.sandbox_guild_mapping m JOIN public.sandboxes s ON s.id = m.sandbox_id
      WHERE m.by_grant AND m.active AND s.status = 'running' AND NOT EXISTS (
        SELECT 1 FROM public.sandbox_guild_grants g
        WHERE g.guild_id = m.guild_id AND g.owner = s.owner
          AND (g.until IS NULL OR g.until > clock_timestamp()))`,
  );
  return rows.map((row) => ({ ...row, registeredAt: Number(row.registeredAt) }));
}

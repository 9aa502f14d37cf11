/** Pages of sandboxes and of the audit: each goes on behind the last row of the one before, whatever has changed since. */
import { and, asc, desc, eq, exists, gt, inArray, sql as raw } from 'drizzle-orm';
import type { Actor } from '../domain/actor.js';
import type { AuditEntry } from '../domain/audit.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { inDatabase, type Database } from './database.js';
import type { ListFilter, SandboxRecord } from './sandboxes.js';
import { auditLog, guildMappings, sandboxes } from './schema.js';

/** A sandbox's place in the list. Microseconds: a `Date` would cut what Postgres compares. */
export interface ListPlace {
  readonly createdMicros: string;
  readonly sandboxId: SandboxId;
}

export interface PageFilter extends ListFilter {
  readonly guildId?: GuildId;
}

const micros = raw<string>`(extract(epoch FROM ${sandboxes.createdAt}) * 1000000)::bigint`;

/** Newest first. `next` is null on the last page. */
export async function sandboxPage(
  database: Database,
  { owner, status, guildId }: PageFilter,
  { limit, after }: { readonly limit: number; readonly after: ListPlace | null },
): Promise<{ readonly rows: SandboxRecord[]; readonly next: ListPlace | null }> {
  const { db } = database;
  const ofGuild = (id: GuildId) =>
    exists(
      db
        .select({ one: raw`1` })
        .from(guildMappings)
        .where(
          and(eq(guildMappings.guildId, id), eq(guildMappings.sandboxId, sandboxes.sandboxId)),
        ),
    );
  const rows = await inDatabase(() =>
    db.query.sandboxes.findMany({
      where: and(
        owner === undefined ? undefined : eq(sandboxes.owner, owner),
        status === undefined ? undefined : inArray(sandboxes.status, [...status]),
        guildId === undefined ? undefined : ofGuild(guildId),
        after === null ? undefined : behind(after),
      ),
      with: { guilds: { orderBy: asc(guildMappings.guildId) } },
      extras: { createdMicros: micros.as('created_micros') },
      orderBy: [desc(sandboxes.createdAt), asc(sandboxes.sandboxId)],
      limit: limit + 1,
    }),
  );
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    rows: page.map(({ guilds, createdMicros: _place, ...sandbox }) => ({
      ...sandbox,
      guildIds: guilds.map((guild) => guild.guildId),
    })),
    next:
      last === undefined ? null : { createdMicros: last.createdMicros, sandboxId: last.sandboxId },
  };
}

const behind = ({ createdMicros, sandboxId }: ListPlace) => {
  const createdAt = raw`('epoch'::timestamptz + ${createdMicros}::bigint * interval '1 microsecond')`;
  return raw`(${sandboxes.createdAt} < ${createdAt}
    OR (${sandboxes.createdAt} = ${createdAt} AND ${sandboxes.sandboxId} > ${sandboxId}))`;
};

/** Oldest first. `next` is null on the last page. */
export async function auditPage(
  database: Database,
  sandboxId: SandboxId,
  { limit, after }: { readonly limit: number; readonly after: number },
): Promise<{ readonly entries: AuditEntry[]; readonly next: number | null }> {
  const rows = await inDatabase(() =>
    database.db
      .select()
      .from(auditLog)
      .where(and(eq(auditLog.sandboxId, sandboxId), gt(auditLog.auditId, after)))
      .orderBy(asc(auditLog.auditId))
      .limit(limit + 1),
  );
  const entries = rows.slice(0, limit);
  return { entries, next: rows.length > limit ? (entries.at(-1)?.auditId ?? null) : null };
}

/** Written before the credentials are handed out. */
export async function recordCredentialsRead(
  { sql }: Database,
  sandboxId: SandboxId,
  actor: Actor,
): Promise<void> {
  await inDatabase(
    () =>
      sql`SELECT public.record_credentials_read(${sandboxId}, ${JSON.stringify(actor)}::text::jsonb)`,
  );
}

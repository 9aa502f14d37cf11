/** The control plane's tables for Drizzle (sql/020_sandboxes.sql), and their types. */
import { relations, sql as raw } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core';
import type { ActorKind, Role, Via } from '../domain/actor.js';
import type { AuditEvent } from '../domain/audit.js';
import type { GuildId } from '../domain/guild.js';
import type { Owner, SandboxId, SandboxName } from '../domain/names.js';
import type { TemplateName } from '../domain/template.js';
import type { TokenId } from '../domain/token.js';
import { SANDBOX_STATUSES } from '../domain/status.js';
import { parseTime } from '../platform/postgres-time.js';

const sandboxStatus = pgEnum('sandbox_status', SANDBOX_STATUSES);

/** Drizzle's own decoder passes any text to `new Date`, which accepts most texts as a time. */
export const time = customType<{ data: Date; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  toDriver: (value) => value.toISOString(),
  fromDriver: parseTime,
});

export const sandboxes = pgTable('sandboxes', {
  sandboxId: text('id').$type<SandboxId>().primaryKey(),
  name: text('name').$type<SandboxName>().notNull(),
  owner: text('owner').$type<Owner>().notNull(),
  status: sandboxStatus('status').notNull().default('pending'),
  expiresAt: time('expires_at').notNull(),
  rotation: integer('rotation').notNull().default(0),
  template: text('template').$type<TemplateName>().notNull(),
  templateVersion: integer('template_version').notNull(),
  cleanupError: text('cleanup_error'),
  createdAt: time('created_at')
    .notNull()
    .default(raw`now()`),
  updatedAt: time('updated_at')
    .notNull()
    .default(raw`now()`),
  destroyedAt: time('destroyed_at'),
});

export const guildMappings = pgTable('sandbox_guild_mapping', {
  guildId: text('guild_id').$type<GuildId>().primaryKey(),
  sandboxId: text('sandbox_id')
    .$type<SandboxId>()
    .notNull()
    .references(() => sandboxes.sandboxId, { onDelete: 'cascade' }),
  active: boolean('active').notNull().default(false),
  byGrant: boolean('by_grant').notNull().default(false),
  registeredAt: time('registered_at')
    .notNull()
    .default(raw`now()`),
});

export const auditLog = pgTable('sandbox_audit_log', {
  auditId: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
  /** Null for an event without a sandbox, such as a token's. */
  sandboxId: text('sandbox_id').$type<SandboxId>(),
  eventType: text('event_type').$type<AuditEvent>().notNull(),
  /** The actor's name. */
  actor: text('actor').notNull(),
  actorKind: text('actor_kind').$type<ActorKind>().notNull(),
  actorRole: text('actor_role').$type<Role>().notNull(),
  tokenId: text('token_id').$type<TokenId>(),
  via: text('via').$type<Via>().notNull(),
  details: jsonb('details').$type<Record<string, unknown>>().notNull().default({}),
  createdAt: time('created_at').notNull(),
});

/** Committed changes, by their command's id (store/commands.ts). */
export const committedCommands = pgTable(
  'sandbox_commands',
  {
    sandboxId: text('sandbox_id').$type<SandboxId>().notNull(),
    commandId: text('command_id').notNull(),
    outcome: jsonb('outcome').notNull(),
    committedAt: time('committed_at')
      .notNull()
      .default(raw`clock_timestamp()`),
  },
  (table) => [primaryKey({ columns: [table.sandboxId, table.commandId] })],
);

export const sandboxRelations = relations(sandboxes, ({ many }) => ({
  guilds: many(guildMappings),
  audit: many(auditLog),
}));
export const guildMappingRelations = relations(guildMappings, ({ one }) => ({
  sandbox: one(sandboxes, { fields: [guildMappings.sandboxId], references: [sandboxes.sandboxId] }),
}));
export const auditRelations = relations(auditLog, ({ one }) => ({
  sandbox: one(sandboxes, { fields: [auditLog.sandboxId], references: [sandboxes.sandboxId] }),
}));

/** A sandbox's row. */
export type SandboxRow = typeof sandboxes.$inferSelect;
export type GuildMapping = typeof guildMappings.$inferSelect;

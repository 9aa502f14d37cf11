/** API tokens (sql/100_identity.sql): the secret's hash goes in, and comes out for one token alone, by its id. */
import { and, asc, desc, eq } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import type { Actor, Role, Scope } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import type { Token } from '../domain/identity.js';
import type { Owner, SandboxId } from '../domain/names.js';
import type { TokenId, TokenKind } from '../domain/token.js';
import { inDatabase, type Database } from './database.js';
import { time } from './schema.js';

/** Without the hash: no service may select it. */
const apiTokens = pgTable('sandbox_api_tokens', {
  id: text('id').$type<TokenId>().primaryKey(),
  kind: text('kind').$type<TokenKind>().notNull(),
  owner: text('owner').$type<Owner>().notNull(),
  sandboxId: text('sandbox_id').$type<SandboxId>(),
  role: text('role').$type<Role>().notNull(),
  scopes: text('scopes').array().$type<Scope[]>().notNull(),
  name: text('name'),
  createdAt: time('created_at').notNull(),
  createdBy: text('created_by').notNull(),
  expiresAt: time('expires_at').notNull(),
  lastUsedAt: time('last_used_at'),
  revokedAt: time('revoked_at'),
});

/** What counts of a token at this moment. */
export interface StoredToken {
  readonly tokenId: TokenId;
  readonly kind: TokenKind;
  readonly owner: Owner;
  readonly sandboxId: SandboxId | null;
  /** The lesser of the token's role and its owner's present one. */
  readonly role: Role;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the secret, in hex. */
  readonly secretHash: string;
  /** Epoch ms: the earliest expiry of the token and of those that it comes from. */
  readonly expiresAt: number;
  /** Also where a token that it comes from was revoked, and where its sandbox is being destroyed. */
  readonly revoked: boolean;
}

/** Null for an id that is unknown. One round trip. */
export async function tokenById({ sql }: Database, tokenId: TokenId): Promise<StoredToken | null> {
  const [row] = await inDatabase(
    () => sql<{ token: StoredToken | null }[]>`SELECT public.api_token(${tokenId}) AS token`,
  );
  return row?.token ?? null;
}

/** Raised by whatever makes a token weaker, in the same transaction. */
export async function tokenRevision({ sql }: Database): Promise<number> {
  const [row] = await inDatabase(
    () => sql<{ revision: string }[]>`SELECT revision FROM public.sandbox_token_revision`,
  );
  if (row === undefined)
    throw new SandboxError('SANDBOX_009', 'the database has no token revision');
  return Number(row.revision);
}

export interface NewToken {
  readonly id: TokenId;
  readonly kind: TokenKind;
  readonly owner: Owner;
  readonly sandboxId: SandboxId | null;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly name: string | null;
  /** ISO 8601. */
  readonly expiresAt: string;
  /** SHA-256 of the secret, in hex. */
  readonly secretHash: string;
}

/**
 * Writes the token with its audit.
 * @returns false where the id exists: then nothing is changed
 * @throws SANDBOX_010 where the minter was revoked meanwhile, SANDBOX_007 where the sandbox ends
 */
export async function createToken(
  { sql }: Database,
  token: NewToken,
  actor: Actor,
): Promise<boolean> {
  const [row] = await inDatabase(
    () => sql<{ created: boolean }[]>`
      SELECT public.create_api_token(
        ${JSON.stringify(token)}::text::jsonb, ${JSON.stringify(actor)}::text::jsonb) AS created`,
  );
  return row?.created === true;
}

/** Revokes it and all that it minted; again: changes nothing. False for an id that is unknown. */
export async function revokeToken(
  { sql }: Database,
  tokenId: TokenId,
  actor: Actor,
): Promise<boolean> {
  const [row] = await inDatabase(
    () => sql<{ found: boolean }[]>`
      SELECT public.revoke_api_token(${tokenId}, ${JSON.stringify(actor)}::text::jsonb) AS found`,
  );
  return row?.found === true;
}

/** Newest first. */
export async function listTokens(
  { db }: Database,
  { owner, tokenId }: { readonly owner?: Owner; readonly tokenId?: TokenId } = {},
): Promise<Token[]> {
  const rows = await inDatabase(() =>
    db
      .select()
      .from(apiTokens)
      .where(
        and(
          owner === undefined ? undefined : eq(apiTokens.owner, owner),
          tokenId === undefined ? undefined : eq(apiTokens.id, tokenId),
        ),
      )
      .orderBy(desc(apiTokens.createdAt), asc(apiTokens.id)),
  );
  return rows.map((row) => ({
    ...row,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  }));
}

/** The token as lists show it; null for an id that is unknown. */
export async function shownToken(database: Database, tokenId: TokenId): Promise<Token | null> {
  return (await listTokens(database, { tokenId }))[0] ?? null;
}

/** Notes the use, at most once a minute. */
export async function touchToken({ sql }: Database, tokenId: TokenId): Promise<void> {
  await inDatabase(() => sql`SELECT public.touch_api_token(${tokenId})`);
}

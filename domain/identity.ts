/** Tokens, guild grants and roles, as every edge shows them. */
import type { ActorKind, Role, Scope } from './actor.js';
import type { GuildId } from './guild.js';
import type { Owner, SandboxId } from './names.js';
import type { TokenId, TokenKind } from './token.js';

/** A token without its secret; times in ISO 8601. */
export interface Token {
  readonly id: TokenId;
  readonly kind: TokenKind;
  readonly owner: Owner;
  /** Of kind `sandbox`: the only sandbox that it reaches. */
  readonly sandboxId: SandboxId | null;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly name: string | null;
  readonly createdAt: string;
  /** The name of the actor. */
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly lastUsedAt: string | null;
  /** Also when a token that created it was revoked. */
  readonly revokedAt: string | null;
}

/** The only answer that holds a token's text. */
export type CreatedToken = Token & { readonly token: string };

export interface CreateTokenOptions {
  /** Default `person`. */
  readonly kind?: TokenKind;
  /** Default: the caller. Another owner's needs an operator. */
  readonly owner?: string;
  /** Id or name; for kind `sandbox`, and only there. */
  readonly sandbox?: string;
  /** Default `developer`. `operator` needs an operator. */
  readonly role?: Role;
  readonly scopes: readonly string[];
  readonly name?: string;
  /** Such as `30d`: the default. At most 90d; a service names it, at most 365d. */
  readonly ttl?: string;
}

/** An operator's permission for an owner to register a guild; times in ISO 8601. */
export interface GuildGrant {
  readonly guildId: GuildId;
  readonly owner: Owner;
  readonly grantedBy: string;
  readonly grantedAt: string;
  /** Null: until it is revoked. */
  readonly until: string | null;
}

export interface GrantOptions {
  readonly guildId: string;
  readonly owner: string;
  /** ISO 8601, ahead. */
  readonly until?: string;
}

export interface OwnerRole {
  readonly owner: Owner;
  readonly role: Role;
}

/** The caller, as the servers know it. */
export interface Identity {
  readonly name: Owner;
  readonly kind: ActorKind;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly tokenId: TokenId | null;
  readonly sandboxId: SandboxId | null;
  /** Of the token, in ISO 8601; null without one. */
  readonly expiresAt: string | null;
}

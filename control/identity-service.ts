/** The use cases of tokens, guild grants and roles. Each first checks the actor's permission. */
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import { parseGuildId } from '../domain/guild.js';
import type {
  CreatedToken,
  CreateTokenOptions,
  GrantOptions,
  GuildGrant,
  Identity,
  OwnerRole,
  Token,
} from '../domain/identity.js';
import {
  parseKind,
  parseRole,
  parseScopes,
  parseTokenName,
  parseUntil,
} from '../domain/identity-input.js';
import { checkShape, mintedExpiry, mintLack, type Minter } from '../domain/minting.js';
import { parseOwner, parseSandboxRef, type Owner } from '../domain/names.js';
import { notPermitted, requirePermission } from '../domain/permissions.js';
import { UNREPEATABLE, type Resumed } from '../domain/resumed.js';
import { parseTokenId, type TokenId } from '../domain/token.js';
import { grantGuild, listGrants, revokeGrant, type GrantKey } from '../store/grants.js';
import { mappingOf } from '../store/guild-mappings.js';
import { roleOf, setOwnerRole } from '../store/owners.js';
import { findSandbox, getSandbox, type SandboxRecord } from '../store/sandboxes.js';
import { createToken, listTokens, revokeToken, shownToken } from '../store/tokens.js';
import type { Connections } from './connections.js';
import { commandOf } from './new-command.js';
import { newToken, newTokenId } from './new-token.js';
import { requireSeen } from './visibility.js';

/** `token` is null if the caller's id already exists, because a token's text is shown once. */
export type MintedToken = Token & { readonly token: string | null };

export class IdentityService {
  constructor(private readonly connections: Connections) {}

  me(actor: Minter): Identity {
    const { name, kind, role, scopes, tokenId = null, sandboxId = null, expiresAt } = actor;
    const expiry = expiresAt === undefined ? null : new Date(expiresAt).toISOString();
    return { name, kind, role, scopes, tokenId, sandboxId, expiresAt: expiry };
  }

  /**
   * @throws SANDBOX_004 for a sandbox that is unknown or hidden, _007 for one that ends, _008, _010
   */
  async createToken(actor: Minter, options: CreateTokenOptions): Promise<CreatedToken>;
  /** @param tokenId of a request that may be repeated: the same id is the same token */
  async createToken(
    actor: Minter,
    options: CreateTokenOptions,
    tokenId: TokenId,
  ): Promise<MintedToken>;
  async createToken(
    actor: Minter,
    options: CreateTokenOptions,
    tokenId: TokenId = newTokenId(),
  ): Promise<MintedToken> {
    const { database } = this.connections;
    const { kind = 'person', role = 'developer', name = null } = options;
    checkShape(parseKind(kind), options.sandbox, parseRole(role));
    const scopes = parseScopes(options.scopes);
    const owner = options.owner === undefined ? actor.name : parseOwner(options.owner);
    // Checked before the sandbox, so an actor without this right learns nothing about sandboxes.
    requirePermission(actor, 'createToken', { owner });
    const sandbox = options.sandbox === undefined ? null : await this.seen(actor, options.sandbox);
    const expiresAt = mintedExpiry(actor, kind, options.ttl, Date.now());
    const ownerRole = role === 'operator' ? await roleOf(database, owner) : 'developer';
    const lack = mintLack(actor, { kind, owner, ownerRole, role, scopes, sandbox, expiresAt });
    if (lack !== null) throw notPermitted(actor, 'createToken', lack);
    const { text, secretHash } = newToken(kind, tokenId);
    const token = {
      ...{ id: tokenId, kind, owner, sandboxId: sandbox?.sandboxId ?? null, role, scopes },
      ...{ name: parseTokenName(name), expiresAt: new Date(expiresAt).toISOString(), secretHash },
    };
    const created = await createToken(database, token, actor);
    return { ...(await this.token(tokenId)), token: created ? text : null };
  }

  /** Newest first. Without `owner`: an operator sees all, anybody else their own. */
  async listTokens(actor: Actor, filter: { readonly owner?: string }): Promise<Token[]> {
    const owner = ownerOf(actor, filter.owner);
    requirePermission(actor, 'readTokens', owner === undefined ? null : { owner });
    return listTokens(this.connections.database, owner === undefined ? {} : { owner });
  }

  /** @throws SANDBOX_004 for a token that is unknown, or another owner's */
  async getToken(actor: Actor, tokenId: string): Promise<Token> {
    requirePermission(actor, 'readTokens', { owner: actor.name });
    const token = await this.token(parseTokenId(tokenId));
    if (actor.role !== 'operator' && token.owner !== actor.name) throw noToken(token.id);
    return token;
  }

  /**
   * Also revokes every token that it created. A repetition changes nothing.
   * @throws SANDBOX_004 as `getToken`
   */
  async revokeToken(actor: Actor, tokenId: string): Promise<Token> {
    const { database } = this.connections;
    requirePermission(actor, 'revokeToken', { owner: actor.name });
    const { id, owner } = await this.token(parseTokenId(tokenId));
    if (actor.role !== 'operator' && owner !== actor.name) throw noToken(id);
    await revokeToken(database, id, actor);
    return this.token(id);
  }

  /** Again for the same guild and owner: the new `until` counts. @throws SANDBOX_008, _010 */
  async grantGuild(actor: Actor, { until, ...names }: GrantOptions): Promise<GuildGrant> {
    requirePermission(actor, 'grantGuild', null);
    const key = grantKey(names.guildId, names.owner);
    await grantGuild(this.connections.database, key, parseUntil(until), actor);
    return this.grant(key);
  }

  /** Without `owner`: an operator sees all, anybody else their own. */
  async listGrants(
    actor: Actor,
    filter: { readonly owner?: string; readonly guild?: string },
  ): Promise<GuildGrant[]> {
    const owner = ownerOf(actor, filter.owner);
    requirePermission(actor, 'readGrants', owner === undefined ? null : { owner });
    return listGrants(this.connections.database, {
      ...(owner === undefined ? {} : { owner }),
      ...(filter.guild === undefined ? {} : { guildId: parseGuildId(filter.guild) }),
    });
  }

  /**
   * Returns when no router sends the guild's events to a sandbox of the owner. The grant ends first.
   * If its route stays, the worker's guard removes the route (workers/grant-guard.ts).
   * @param resumed of a request that may be repeated: a grant given since then stays
   * @throws SANDBOX_004 without a grant; SANDBOX_009 if the route stays for now
   */
  async revokeGrant(
    actor: Actor,
    guildId: string,
    owner: string,
    resumed: Resumed<GuildGrant> = UNREPEATABLE,
  ): Promise<GuildGrant> {
    const { database } = this.connections;
    requirePermission(actor, 'revokeGrant', null);
    const key = grantKey(guildId, owner);
    const [current] = await listGrants(database, key);
    const grant = resumed.kept ?? current;
    if (grant === undefined) throw noGrant(key);
    if (current !== undefined && current.grantedAt !== grant.grantedAt) return grant;
    await resumed.keep(grant);
    await revokeGrant(database, key, actor);
    await this.endRoute(actor, key);
    return grant;
  }

  /** Counts for every token of the owner at its next use. @throws SANDBOX_008, _010 */
  async setOwnerRole(actor: Actor, owner: string, role: string): Promise<OwnerRole> {
    requirePermission(actor, 'setOwnerRole', null);
    const named = { owner: parseOwner(owner), role: parseRole(role) };
    await setOwnerRole(this.connections.database, named.owner, named.role, actor);
    return named;
  }

  private async token(tokenId: TokenId): Promise<Token> {
    const token = await shownToken(this.connections.database, tokenId);
    if (token === null) throw noToken(tokenId);
    return token;
  }

  private async grant(key: GrantKey): Promise<GuildGrant> {
    const [grant] = await listGrants(this.connections.database, key);
    if (grant !== undefined) return grant;
    throw noGrant(key);
  }

  private async seen(actor: Actor, idOrName: string): Promise<SandboxRecord> {
    const { database, config } = this.connections;
    const row = await findSandbox(database, parseSandboxRef(idOrName));
    return requireSeen(actor, row, idOrName, config.visibility);
  }

  /** Does nothing if the guild has no sandbox, or one of another owner. */
  private async endRoute(actor: Actor, { guildId, owner }: GrantKey): Promise<void> {
    const { database } = this.connections;
    const mapping = await mappingOf(database, guildId);
    if (mapping === null) return;
    const sandbox = await getSandbox(database, mapping.sandboxId);
    if (sandbox?.owner !== owner) return;
    const lifecycle = await this.connections.lifecycle();
    await lifecycle.update(commandOf(actor, 'unregisterGuild', mapping.sandboxId, { guildId }));
  }
}

/** Undefined: of every owner. */
function ownerOf(actor: Actor, owner: string | undefined): Owner | undefined {
  if (owner !== undefined) return parseOwner(owner);
  return actor.role === 'operator' ? undefined : actor.name;
}

const grantKey = (guildId: string, owner: string): GrantKey => ({
  guildId: parseGuildId(guildId),
  owner: parseOwner(owner),
});

const noGrant = ({ guildId, owner }: GrantKey): SandboxError =>
  new SandboxError('SANDBOX_004', `guild ${guildId} is not granted to ${owner}`, {
    hint: '`bd guild list` shows the grants.',
  });

const noToken = (tokenId: TokenId): SandboxError =>
  new SandboxError('SANDBOX_004', `no token ${tokenId} is known`, {
    hint: '`bd token list` shows the tokens.',
  });

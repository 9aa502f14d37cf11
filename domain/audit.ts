/** The entries of the audit log. */
import type { ActorKind, Role, Via } from './actor.js';
import type { SandboxId } from './names.js';
import type { TokenId } from './token.js';

export const AUDIT_EVENTS = [
  'sandbox_created',
  'status_changed',
  'create_failed',
  'ttl_extended',
  'sandbox_reset',
  'guild_registered',
  'guild_unregistered',
  'sandbox_destroying',
  'sandbox_destroyed',
  'credentials_read',
  'token_created',
  'token_revoked',
  'guild_granted',
  'guild_grant_revoked',
  'owner_role_set',
  'template_added',
  'template_removed',
] as const;
export type AuditEvent = (typeof AUDIT_EVENTS)[number];

export interface AuditEntry {
  readonly auditId: number;
  /** Null for an entry of no sandbox, such as that of a token. */
  readonly sandboxId: SandboxId | null;
  readonly eventType: AuditEvent;
  /** The actor's name. */
  readonly actor: string;
  readonly actorKind: ActorKind;
  readonly actorRole: Role;
  /** The token that the actor came with; null without one. */
  readonly tokenId: TokenId | null;
  readonly via: Via;
  readonly details: Record<string, unknown>;
  readonly createdAt: Date;
}

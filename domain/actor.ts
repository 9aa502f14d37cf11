/** The identity behind a change. Each mutating use case takes one, and the audit stores it. */
import { invalid } from './errors.js';
import { isSandboxId, parseOwner, type Owner, type SandboxId } from './names.js';
import { isTokenId, TOKEN_KINDS, type TokenId } from './token.js';

/** A system needs no token: it is no caller. */
export const ACTOR_KINDS = [...TOKEN_KINDS, 'system'] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];

export const ROLES = ['developer', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/**
 * The actor's way in: over HTTP, on this machine, directly through Temporal, or the product itself.
 */
export const VIAS = ['api', 'direct', 'temporal', 'system'] as const;
export type Via = (typeof VIAS)[number];

/**
 * `resource:action`. The permission is the intersection of scopes, role and ownership
 * (permissions.ts).
 */
export const SCOPES = [
  'sandbox:read',
  'sandbox:write',
  'sandbox:connect',
  'guild:write',
  'event:read',
  'event:write',
  'discord:use',
  'template:write',
  'token:write',
  'webhook:write',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

export interface Actor {
  /** The name of an owner, or of a part of the system. */
  readonly name: Owner;
  readonly kind: ActorKind;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly via: Via;
  /** For kind `sandbox`: the only sandbox that the actor may touch. */
  readonly sandboxId?: SandboxId;
  /** The token that the actor came with. Absent for what came without one. */
  readonly tokenId?: TokenId;
}

/**
 * A caller on this machine has the servers' own credentials, so it is an operator. @throws
 * SANDBOX_008
 */
export const directActor = (owner: string): Actor => ({
  name: parseOwner(owner),
  kind: 'person',
  role: 'operator',
  scopes: SCOPES,
  via: 'direct',
});

const system = (name: string, via: Via): Actor => ({
  name: parseOwner(name),
  kind: 'system',
  role: 'operator',
  scopes: SCOPES,
  via,
});

/** The product's own changes: expiry, clean-up of a failed create. */
export const WORKFLOW_ACTOR = system('workflow', 'system');
export const SWEEP_ACTOR = system('sweep', 'system');
/** Ends the routes whose grant has ended. */
export const GRANTS_ACTOR = system('grants', 'system');
/** A signal or a cancellation directly through Temporal, for example from its Web UI. */
export const TEMPORAL_ACTOR = system('temporal', 'temporal');

/** An actor from outside this process. @throws SANDBOX_008 */
export function parseActor(value: unknown): Actor {
  const actor =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const { name, kind, role, scopes, via, sandboxId, tokenId } = actor;
  const known =
    includes(ACTOR_KINDS, kind) &&
    includes(ROLES, role) &&
    includes(VIAS, via) &&
    Array.isArray(scopes) &&
    scopes.every((scope) => includes(SCOPES, scope)) &&
    (kind === 'sandbox') === isSandboxId(sandboxId) &&
    (tokenId === undefined || isTokenId(tokenId));
  if (!known) throw invalid('actor', value, 'it has a name, kind, role, scopes and via');
  return {
    ...{ name: parseOwner(name), kind, role, scopes, via },
    ...(isSandboxId(sandboxId) ? { sandboxId } : {}),
    ...(isTokenId(tokenId) ? { tokenId } : {}),
  };
}

function includes<T>(values: readonly T[], value: unknown): value is T {
  return (values as readonly unknown[]).includes(value);
}

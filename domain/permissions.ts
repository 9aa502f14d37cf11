/** The table of permissions. Every use case of `control/` asks it; there is no other check. */
import type { Actor, Scope } from './actor.js';
import { SandboxError } from './errors.js';
import type { GuildId } from './guild.js';
import type { Owner, SandboxId } from './names.js';

interface Rule {
  readonly scope: Scope;
  /** `owner`: the sandbox's owner and operators. `anybody`: every actor with the scope. */
  readonly by: 'owner' | 'operator' | 'anybody';
}

export const RULES = {
  create: { scope: 'sandbox:write', by: 'owner' },
  read: { scope: 'sandbox:read', by: 'anybody' },
  extend: { scope: 'sandbox:write', by: 'owner' },
  reset: { scope: 'sandbox:write', by: 'owner' },
  destroy: { scope: 'sandbox:write', by: 'owner' },
  connect: { scope: 'sandbox:connect', by: 'owner' },
  registerGuild: { scope: 'guild:write', by: 'owner' },
  unregisterGuild: { scope: 'guild:write', by: 'owner' },
  tail: { scope: 'event:read', by: 'owner' },
  emit: { scope: 'event:write', by: 'owner' },
  sweep: { scope: 'admin', by: 'operator' },
  createToken: { scope: 'token:write', by: 'owner' },
  readTokens: { scope: 'token:write', by: 'owner' },
  revokeToken: { scope: 'token:write', by: 'owner' },
  readGrants: { scope: 'sandbox:read', by: 'owner' },
  grantGuild: { scope: 'admin', by: 'operator' },
  revokeGrant: { scope: 'admin', by: 'operator' },
  setOwnerRole: { scope: 'admin', by: 'operator' },
  readTemplates: { scope: 'sandbox:read', by: 'anybody' },
  /** The owner: of an existing template of the name. */
  writeTemplate: { scope: 'template:write', by: 'owner' },
  /** Whoever reads a schema learns all its names and functions. */
  copySchema: { scope: 'template:write', by: 'operator' },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof RULES;

/** The object of an action. For a create: the owner of the future sandbox. */
export interface Subject {
  readonly owner: Owner;
  readonly sandboxId?: SandboxId;
}

/** What the actor lacks for an action; null if the action is permitted. */
export type Lack =
  | { readonly kind: 'scope'; readonly scope: Scope }
  | { readonly kind: 'owner'; readonly owner: Owner }
  | { readonly kind: 'role'; readonly role: 'operator' }
  | { readonly kind: 'sandbox'; readonly sandboxId: SandboxId }
  | { readonly kind: 'grant'; readonly guildId: GuildId; readonly owner: Owner }
  /** A token may not outlive its minter, which ends at `until` (ISO 8601). */
  | { readonly kind: 'life'; readonly until: string };

/** Pure. `subject` is null for an action without a sandbox, such as a list or a sweep. */
export function permits(actor: Actor, action: Action, subject: Subject | null): Lack | null {
  const { scope, by } = RULES[action];
  if (!actor.scopes.includes(scope)) return { kind: 'scope', scope };
  if (actor.sandboxId !== undefined && subject?.sandboxId !== actor.sandboxId)
    return { kind: 'sandbox', sandboxId: actor.sandboxId };
  if (actor.role === 'operator' || by === 'anybody') return null;
  if (by === 'operator' || subject === null) return { kind: 'role', role: 'operator' };
  return subject.owner === actor.name ? null : { kind: 'owner', owner: subject.owner };
}

/** @throws SANDBOX_010 with the lack */
export function requirePermission(actor: Actor, action: Action, subject: Subject | null): void {
  const lack = permits(actor, action, subject);
  if (lack !== null) throw notPermitted(actor, action, lack);
}

export function notPermitted(actor: Actor, action: Action, lack: Lack): SandboxError {
  const message = `${actor.name} may not ${WORDS[action]}: ${textOf(lack)}`;
  return new SandboxError('SANDBOX_010', message, {
    details: { action, lacks: lack },
    hint: hintOf(lack),
  });
}

export const VISIBILITIES = ['all', 'own'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** False: the sandbox does not exist, as far as the actor learns. */
export const maySee = (actor: Actor, owner: Owner, visibility: Visibility): boolean =>
  visibility === 'all' || actor.role === 'operator' || actor.name === owner;

export const GUILD_POLICIES = ['granted', 'any'] as const;
export type GuildPolicy = (typeof GUILD_POLICIES)[number];

/** True: the actor registers a guild only where an operator granted it to the sandbox's owner. */
export const needsGrant = (actor: Actor, policy: GuildPolicy): boolean =>
  policy === 'granted' && actor.role !== 'operator';

const WORDS: Readonly<Record<Action, string>> = {
  create: 'create this sandbox',
  read: 'read sandboxes',
  extend: 'extend this sandbox',
  reset: 'reset this sandbox',
  destroy: 'destroy this sandbox',
  connect: 'read the credentials of this sandbox',
  registerGuild: 'register a guild to this sandbox',
  unregisterGuild: 'take a guild from this sandbox',
  tail: 'read the events of this sandbox',
  emit: 'publish events for this sandbox',
  sweep: 'sweep',
  createToken: 'create this token',
  readTokens: 'read these tokens',
  revokeToken: 'revoke this token',
  readGrants: 'read these grants',
  grantGuild: 'grant a guild',
  revokeGrant: 'revoke a grant',
  setOwnerRole: "set an owner's role",
  readTemplates: 'read templates',
  writeTemplate: 'change this template',
  copySchema: 'make a template of a schema',
};

function textOf(lack: Lack): string {
  switch (lack.kind) {
    case 'scope':
      return `the scope ${lack.scope} is missing`;
    case 'owner':
      return `its owner is ${lack.owner}`;
    case 'role':
      return `the role ${lack.role} is missing`;
    case 'sandbox':
      return `this identity is bound to sandbox ${lack.sandboxId}`;
    case 'grant':
      return `guild ${lack.guildId} is not granted to ${lack.owner}`;
    case 'life':
      return `its own token ends at ${lack.until}`;
  }
}

function hintOf(lack: Lack): string {
  switch (lack.kind) {
    case 'scope':
      return 'Use an identity that has this scope.';
    case 'owner':
      return 'Ask the owner, or an operator.';
    case 'role':
      return 'Ask an operator: `bd owner set-role` gives an owner this role.';
    case 'sandbox':
      return 'Use an identity of the owner.';
    case 'grant':
      return `An operator grants it: \`bd guild grant ${lack.guildId} ${lack.owner}\`.`;
    case 'life':
      return 'Name a shorter life span.';
  }
}

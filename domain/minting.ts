/** What a caller may mint: no token that is broader or lives longer than its minter. Pure. */
import type { Actor, Role, Scope } from './actor.js';
import { invalid, SandboxError } from './errors.js';
import type { Owner, SandboxId } from './names.js';
import { permits, type Lack } from './permissions.js';
import { tokenLife, type TokenKind } from './token.js';

/** A caller with the end of its token in epoch ms; absent for a caller without one. */
export type Minter = Actor & { readonly expiresAt?: number };

/** A token to be. */
export interface Wish {
  readonly kind: TokenKind;
  readonly owner: Owner;
  /** The owner's own role at present. */
  readonly ownerRole: Role;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  /** Of kind `sandbox`, and only there. */
  readonly sandbox: { readonly sandboxId: SandboxId; readonly owner: Owner } | null;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** What the minter lacks for this token: null where it may mint it. */
export function mintLack(minter: Minter, wish: Wish): Lack | null {
  const { owner, role, ownerRole, scopes, sandbox, expiresAt } = wish;
  // A subject without a sandbox: an identity that is bound to one mints nothing.
  const lack = permits(minter, 'createToken', { owner });
  if (lack !== null) return lack;
  if (sandbox !== null && sandbox.owner !== owner) return { kind: 'owner', owner: sandbox.owner };
  const scope = scopes.find((one) => !minter.scopes.includes(one));
  if (scope !== undefined) return { kind: 'scope', scope };
  if (role === 'operator' && (minter.role !== 'operator' || ownerRole !== 'operator'))
    return { kind: 'role', role };
  if (minter.expiresAt !== undefined && expiresAt > minter.expiresAt)
    return { kind: 'life', until: new Date(minter.expiresAt).toISOString() };
  return null;
}

/**
 * When a new token ends, in epoch ms. Without a TTL it ends with its minter at the latest.
 * @throws SANDBOX_008 for a TTL that is none, past its kind's maximum, or missing for a service
 */
export function mintedExpiry(
  minter: Minter,
  kind: TokenKind,
  ttl: string | undefined,
  now: number,
): number {
  const expiresAt = now + tokenLife(kind, ttl);
  return ttl === undefined ? Math.min(expiresAt, minter.expiresAt ?? Infinity) : expiresAt;
}

/** @throws SANDBOX_008 for a sandbox's token without a sandbox or with a role, and for another kind with one */
export function checkShape(kind: TokenKind, sandbox: string | undefined, role: Role): void {
  if (kind === 'sandbox' && sandbox === undefined)
    throw new SandboxError('SANDBOX_008', "a sandbox's token needs its sandbox", {
      hint: 'Name it, such as `--sandbox my-fix`.',
    });
  if (kind !== 'sandbox' && sandbox !== undefined)
    throw invalid('sandbox', sandbox, "only a sandbox's token is bound to one: --kind sandbox");
  if (kind === 'sandbox' && role !== 'developer')
    throw invalid('role', role, "a sandbox's token has the role developer");
}

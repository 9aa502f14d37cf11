/** Every identifier of a sandbox: validation, and all names that derive from the id. */
import { invalid } from './errors.js';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/**
 * 12 characters `[a-z0-9]`, beginning `sb`. Safe in SQL, Redis keys, NATS subjects, ACL rules and
 * shells.
 */
export type SandboxId = Branded<string, 'SandboxId'>;
/** In DNS-label style, but not in the form of an id. */
export type SandboxName = Branded<string, 'SandboxName'>;
export type Owner = Branded<string, 'Owner'>;

const ID = /^sb[a-z0-9]{10}$/;
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const OWNER = /^[A-Za-z0-9._@-]{1,64}$/;

export const ID_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

export function isSandboxId(value: unknown): value is SandboxId {
  return typeof value === 'string' && ID.test(value);
}

/** @throws SANDBOX_008 */
export function parseSandboxId(value: unknown): SandboxId {
  if (isSandboxId(value)) return value;
  throw invalid('sandbox id', value, 'it has 12 characters a-z0-9 and begins with "sb"');
}

/** `random(n)` gives n characters of `ID_ALPHABET`. It is an argument so that tests can fix it. */
export function newSandboxId(random: (length: number) => string): SandboxId {
  return parseSandboxId(`sb${random(10)}`);
}

/** @throws SANDBOX_008 */
export function parseSandboxName(value: unknown): SandboxName {
  if (typeof value !== 'string' || !NAME.test(value)) {
    throw invalid(
      'name',
      value,
      'use 1 to 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
    );
  }
  if (ID.test(value)) throw invalid('name', value, 'it has the shape of a sandbox id');
  return value as SandboxName;
}

/** @throws SANDBOX_008 */
export function parseOwner(value: unknown): Owner {
  if (typeof value === 'string' && OWNER.test(value)) return value as Owner;
  throw invalid('owner', value, 'use 1 to 64 of A-Z, a-z, 0-9 and "._@-"');
}

/** `sandbox-{owner}-{6 random}`, made valid for any owner. */
export function defaultName(owner: Owner, random: (length: number) => string): SandboxName {
  const label = owner
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return parseSandboxName(`sandbox-${label || 'owner'}-${random(6)}`);
}

/** An id or a name, as every command accepts it. */
export type SandboxRef =
  | { readonly kind: 'id'; readonly sandboxId: SandboxId }
  | { readonly kind: 'name'; readonly name: SandboxName };

/** @throws SANDBOX_008 */
export function parseSandboxRef(value: unknown): SandboxRef {
  return isSandboxId(value)
    ? { kind: 'id', sandboxId: value }
    : { kind: 'name', name: parseSandboxName(value) };
}

export const schemaName = (id: SandboxId): string => `sandbox_${id}`;
export const roleName = (id: SandboxId): string => `sandbox_${id}`;
export const redisPrefix = (id: SandboxId): string => `sandbox:${id}:`;
export const redisUser = (id: SandboxId): string => `sandbox_${id}`;
export const natsPrefix = (id: SandboxId): string => `sandbox.${id}.`;
export const natsUser = (id: SandboxId): string => `sandbox_${id}`;
export const consumerName = (id: SandboxId): string => `sb_${id}`;
export const inboxPrefix = (id: SandboxId): string => `_INBOX_${id}`;
export const workflowId = (id: SandboxId): string => `sandbox-${id}`;

/** The id in a derived name such as `sandbox_sb…`, or null if the name is not ours. */
export function sandboxIdIn(derived: string, prefix: string): SandboxId | null {
  if (!derived.startsWith(prefix)) return null;
  const rest = derived.slice(prefix.length);
  return isSandboxId(rest) ? rest : null;
}

/** The API's answers with the domain's types. The API has checked each value. */
import type { AuditEntry } from '../domain/audit.js';
import type { SandboxHealth } from '../domain/health.js';
import type { CreatedToken, GuildGrant, Identity, OwnerRole, Token } from '../domain/identity.js';
import type { ExtendResult, Sandbox } from '../domain/sandbox.js';
import type { Template, TemplateText } from '../domain/template.js';
import type * as api from './types.js';

/** The same shape with plain texts in the place of branded ones; a union of words stays. */
type Plain<T> = T extends string
  ? T extends `${infer _First}${infer _Rest}`
    ? T
    : string
  : T extends readonly (infer E)[]
    ? readonly Plain<E>[]
    : T extends object
      ? { readonly [K in keyof T]: Plain<T[K]> }
      : T;

/** The compiler compares both shapes: of the contract, and of the domain. */
const as =
  <T>() =>
  (given: Plain<T>): T =>
    given as unknown as T;

export const sandbox = as<Sandbox>();
export const health = as<SandboxHealth>();
export const identity = as<Identity>();
export const token = as<Token>();
export const createdToken = as<CreatedToken>();
export const grant = as<GuildGrant>();
export const ownerRole = as<OwnerRole>();
export const template = as<Template>();
export const templateText = as<TemplateText>();
const audited = as<Omit<AuditEntry, 'details' | 'createdAt'>>();

export const extended = ({
  sandbox: after,
  expiresAt,
  clamped,
}: api.Extended): ExtendResult & { readonly sandbox: Sandbox } => ({
  expiresAt: Date.parse(expiresAt),
  clamped,
  sandbox: sandbox(after),
});

export function auditEntry(given: api.ApiAuditEntry): AuditEntry {
  const { id, time, sandboxId, event, actor, kind, role: actorRole, tokenId, via, details } = given;
  const parts = { auditId: id, sandboxId, eventType: event, actor, actorKind: kind, actorRole };
  return { ...audited({ ...parts, tokenId, via }), details, createdAt: new Date(time) };
}

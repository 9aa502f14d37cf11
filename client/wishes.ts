/**
 * Checks a caller's input before it is sent. A refusal so has the same text over HTTP and directly.
 */
import type { CreateSandboxOptions } from '../domain/control.js';
import { parseDuration } from '../domain/duration.js';
import { SandboxError } from '../domain/errors.js';
import { parseGuildId, parseGuildIds } from '../domain/guild.js';
import type { CreateTokenOptions, GrantOptions } from '../domain/identity.js';
import { parseKind, parseRole, parseScopes, parseUntil } from '../domain/identity-input.js';
import { checkShape } from '../domain/minting.js';
import { parseOwner, parseSandboxName } from '../domain/names.js';
import { parseTemplateName } from '../domain/template.js';
import { tokenLife } from '../domain/token.js';
import type { CreateGrant, CreateSandbox, CreateToken } from './types.js';

/** @throws SANDBOX_008 */
export function sandboxWishes(options: CreateSandboxOptions): CreateSandbox {
  const { name, owner, ttl, guildIds = [], sandboxId, template } = options;
  if (sandboxId !== undefined) throw directOnly('an id of your choice');
  const optional = {
    ...(owner === undefined ? {} : { owner: parseOwner(owner) }),
    ...(name === undefined ? {} : { name: parseSandboxName(name) }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(template === undefined ? {} : { template: parseTemplateName(template) }),
  };
  if (ttl !== undefined) parseDuration(ttl, 'TTL');
  return { ...optional, guildIds: parseGuildIds(guildIds) };
}

/** @throws SANDBOX_008 */
export function tokenWishes(options: CreateTokenOptions): CreateToken {
  const { kind = 'person', role = 'developer', owner, sandbox, name, ttl } = options;
  checkShape(parseKind(kind), sandbox, parseRole(role));
  const scopes = parseScopes(options.scopes);
  const named = owner === undefined ? {} : { owner: parseOwner(owner) };
  tokenLife(kind, ttl);
  return {
    ...{ kind, role, scopes, ...named },
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(name === undefined ? {} : { name }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

/** @throws SANDBOX_008 */
export function grantWishes({ guildId, owner, until }: GrantOptions): CreateGrant {
  const end = parseUntil(until);
  const grant = { guildId: parseGuildId(guildId), owner: parseOwner(owner) };
  return end === null ? grant : { ...grant, until: end };
}

export const directOnly = (what: string): SandboxError =>
  new SandboxError('SANDBOX_008', `${what} is not possible over HTTP`, {
    hint: 'Use --direct, where the addresses of the servers are known.',
  });

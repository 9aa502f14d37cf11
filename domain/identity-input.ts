/** What a caller may write for tokens and grants, checked before anything is asked: each throws SANDBOX_008. */
import { ROLES, SCOPES, type Role, type Scope } from './actor.js';
import { invalid, SandboxError } from './errors.js';
import { TOKEN_KINDS, type TokenKind } from './token.js';

const NAME_LENGTH = 100;

export function parseKind(kind: string): TokenKind {
  const known = TOKEN_KINDS.find((one) => one === kind);
  if (known === undefined) throw invalid('kind', kind, `it is one of ${TOKEN_KINDS.join(', ')}`);
  return known;
}

export function parseRole(role: string): Role {
  const known = ROLES.find((one) => one === role);
  if (known === undefined) throw invalid('role', role, `it is one of ${ROLES.join(', ')}`);
  return known;
}

/** Each once, in the order of the table. */
export function parseScopes(given: readonly string[]): Scope[] {
  const unknown = given.find((scope) => !SCOPES.some((one) => one === scope));
  if (unknown !== undefined) throw invalid('scope', unknown, `it is one of ${SCOPES.join(', ')}`);
  if (given.length === 0)
    throw new SandboxError('SANDBOX_008', 'a token needs at least one scope', {
      hint: `Use some of ${SCOPES.join(', ')}.`,
    });
  return SCOPES.filter((scope) => given.includes(scope));
}

/** Shown in lists and logs: no control characters. */
export function parseTokenName(name: string | null): string | null {
  if (name === null) return null;
  if (name !== '' && name.length <= NAME_LENGTH && !/\p{Cc}/u.test(name)) return name;
  throw invalid('name', name, `it has 1 to ${NAME_LENGTH} characters, and no control characters`);
}

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** ISO 8601: a date alone is its midnight in UTC. Whether it is ahead, the database's clock decides. */
export function parseUntil(until: string | undefined): string | null {
  if (until === undefined) return null;
  const millis = TIME.test(until) ? Date.parse(until) : NaN;
  if (Number.isNaN(millis))
    throw invalid('end', until, 'use ISO 8601, such as 2030-01-31 or 2030-01-31T12:00:00Z');
  return new Date(millis).toISOString();
}

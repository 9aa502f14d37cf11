import { describe, expect, it } from 'vitest';
import { directActor, SCOPES, type Actor } from '../../../domain/actor.js';
import {
  checkShape,
  mintedExpiry,
  mintLack,
  type Minter,
  type Wish,
} from '../../../domain/minting.js';
import { parseOwner, parseSandboxId } from '../../../domain/names.js';
import { parseTokenId } from '../../../domain/token.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const [ada, bob] = [parseOwner('ada'), parseOwner('bob')];
const sandboxId = parseSandboxId('sb0000000001');

const direct = directActor('grace');
const developer: Minter = {
  ...{ name: ada, kind: 'person', role: 'developer', via: 'api' },
  ...{ scopes: ['sandbox:read', 'token:write'], tokenId: parseTokenId('abcdefghijkl') },
  expiresAt: NOW + DAY,
};
const operator: Minter = {
  ...developer,
  name: parseOwner('grace'),
  role: 'operator',
  scopes: SCOPES,
};
const bot: Actor = { ...developer, kind: 'sandbox', sandboxId, scopes: SCOPES };

const wish: Wish = {
  ...{ kind: 'person', owner: ada, ownerRole: 'developer', role: 'developer', sandbox: null },
  ...{ scopes: ['sandbox:read'], expiresAt: NOW + HOUR },
};
const ofSandbox = (owner = ada): Partial<Wish> => ({
  kind: 'sandbox',
  sandbox: { sandboxId, owner },
});
const lacksRole = { kind: 'role', role: 'operator' };

describe('what a minter lacks for a token', () => {
  it.each<[string, Minter, Partial<Wish>, unknown]>([
    ['its own, narrower and shorter', developer, {}, null],
    [
      'its own, equal in scopes and end',
      developer,
      { scopes: developer.scopes, expiresAt: NOW + DAY },
      null,
    ],
    [
      'a scope more than it has',
      developer,
      { scopes: ['sandbox:read', 'sandbox:write'] },
      { kind: 'scope', scope: 'sandbox:write' },
    ],
    ['the scope admin', developer, { scopes: ['admin'] }, { kind: 'scope', scope: 'admin' }],
    [
      'a life longer than its own',
      developer,
      { expiresAt: NOW + DAY + 1 },
      { kind: 'life', until: '2030-01-02T00:00:00.000Z' },
    ],
    ['another owner', developer, { owner: bob }, { kind: 'owner', owner: bob }],
    ['the role operator', developer, { role: 'operator', ownerRole: 'operator' }, lacksRole],
    [
      'anything, without token:write',
      { ...developer, scopes: ['sandbox:read'] },
      {},
      { kind: 'scope', scope: 'token:write' },
    ],
    ['its own sandbox', developer, ofSandbox(), null],
    ['the sandbox of another', developer, ofSandbox(bob), { kind: 'owner', owner: bob }],
    ['anything, bound to a sandbox', bot, {}, { kind: 'sandbox', sandboxId }],
    ['a token of its sandbox, bound to that', bot, ofSandbox(), { kind: 'sandbox', sandboxId }],
    [
      'anything, bound to a sandbox as operator',
      { ...bot, role: 'operator' },
      {},
      { kind: 'sandbox', sandboxId },
    ],
    ['another owner, as operator', operator, { owner: bob }, null],
    [
      'a sandbox of another owner for that owner, as operator',
      operator,
      { owner: bob, ...ofSandbox(bob) },
      null,
    ],
    [
      'a sandbox of one owner for another, as operator',
      operator,
      { owner: bob, ...ofSandbox(ada) },
      { kind: 'owner', owner: ada },
    ],
    [
      'the role operator for an operator, as operator',
      operator,
      { role: 'operator', ownerRole: 'operator' },
      null,
    ],
    ['the role operator for a developer, as operator', operator, { role: 'operator' }, lacksRole],
    [
      'a life longer than its own, as operator',
      operator,
      { expiresAt: NOW + 2 * DAY },
      { kind: 'life', until: '2030-01-02T00:00:00.000Z' },
    ],
    ['a long life, without a token', direct, { expiresAt: NOW + 300 * DAY, scopes: SCOPES }, null],
    ['the role operator for a developer, without a token', direct, { role: 'operator' }, lacksRole],
  ])('%s', (_what, minter, change, lack) => {
    expect(mintLack(minter, { ...wish, ...change })).toEqual(lack);
  });
});

describe('the end of a new token', () => {
  it.each<[string, Minter, string | undefined, number]>([
    ['30 days without a TTL', direct, undefined, 30 * DAY],
    ['the minter’s end, where that is nearer', developer, undefined, DAY],
    ['what was asked for', developer, '2h', 2 * HOUR],
    ['what was asked for, even where it is refused then', developer, '2d', 2 * DAY],
  ])('is %s', (_what, minter, ttl, life) => {
    expect(mintedExpiry(minter, 'person', ttl, NOW)).toBe(NOW + life);
  });

  it('must be named for a service', () => {
    expect(() => mintedExpiry(direct, 'service', undefined, NOW)).toThrow(
      expect.objectContaining({ code: 'SANDBOX_008' }),
    );
  });
});

it.each([
  ['sandbox', undefined, 'developer'],
  ['sandbox', 'my-fix', 'operator'],
  ['person', 'my-fix', 'developer'],
  ['service', 'my-fix', 'developer'],
] as const)('a token of kind %s with sandbox %s and role %s is refused', (kind, sandbox, role) => {
  expect(() => {
    checkShape(kind, sandbox, role);
  }).toThrow(expect.objectContaining({ code: 'SANDBOX_008' }));
  checkShape('sandbox', 'my-fix', 'developer');
  checkShape('person', undefined, 'operator');
});

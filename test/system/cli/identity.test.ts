/** `bd token`, `bd guild`, `bd owner`: what they print, and how they end. */
import { expect, it } from 'vitest';
import { parseToken } from '../../../domain/token.js';
import { bd, bdHere } from '../../support/bd.js';
import { someGuild, someOwner } from '../../support/stack.js';

const json = async (...args: string[]): Promise<Record<string, unknown>[]> => {
  const { code, stdout, stderr } = await bd([...args, '--json']);
  expect(code, stderr).toBe(0);
  return [JSON.parse(stdout)].flat() as Record<string, unknown>[];
};

it('a token is printed once, listed without its text, and revoked', async () => {
  const owner = someOwner();
  const scopes = '--scope sandbox:read,event:read --scope sandbox:read'.split(' ');
  const made = await bd(['token', 'create', '--owner', owner, ...scopes, '--name', 'laptop']);
  expect(made.code).toBe(0);
  const { tokenId } = parseToken(made.stdout.trim())!;
  expect(made.stderr).toMatch(new RegExp(`^Token ${tokenId} of ${owner}, valid until `));
  const [listed, ...others] = await json('token', 'list', '--owner', owner);
  expect(others).toEqual([]);
  expect(listed).toMatchObject({
    ...{ id: tokenId, owner, kind: 'person', role: 'developer', name: 'laptop' },
    ...{ scopes: ['sandbox:read', 'event:read'], createdBy: 'tester', revokedAt: null },
  });
  expect(listed).not.toHaveProperty('token');
  const shown = await bd(['token', 'list', '--owner', owner]);
  expect(shown.stdout).toMatch(/^ID .*Expires\n/);
  expect(shown.stdout).toMatch(new RegExp(`${tokenId} +laptop +${owner} +person +developer`));
  expect((await bd(['token', 'revoke', tokenId])).stdout).toBe(
    `token ${tokenId} of ${owner} is revoked\n`,
  );
  expect(await json('token', 'list', '--owner', owner)).toEqual([]);
  expect(await json('token', 'list', '--owner', owner, '--all')).toHaveLength(1);
});

it('JSON of a new token has its text, and names its end', async () => {
  const [created] = await json(
    ...['token', 'create', '--owner', someOwner(), '--kind', 'service', '--ttl', '90d'],
    ...['--scope', 'sandbox:read'],
  );
  const { id, token, expiresAt } = created as Record<'id' | 'token' | 'expiresAt', string>;
  expect(parseToken(token)).toMatchObject({ tokenId: id, kind: 'service' });
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(89 * 86_400_000);
});

it.each<[number, RegExp, string[]]>([
  [2, /no scope is given/, ['token', 'create']],
  [2, /scope "sandbox:fly" is not valid/, ['token', 'create', '--scope', 'sandbox:fly']],
  [2, /needs a life span/, ['token', 'create', '--kind', 'service', '--scope', 'admin']],
  [2, /kind "root" is not valid/, ['token', 'create', '--kind', 'root', '--scope', 'admin']],
  [2, /lives at most 90d/, ['token', 'create', '--ttl', '91d', '--scope', 'admin']],
  [2, /needs its sandbox/, ['token', 'create', '--kind', 'sandbox', '--scope', 'admin']],
  [
    8,
    /the role operator is missing/,
    ['token', 'create', '--role', 'operator', '--scope', 'admin'],
  ],
  [2, /token id "nope" is not valid/, ['token', 'revoke', 'nope']],
  [4, /no token AAAAAAAAAAAA is known/, ['token', 'revoke', 'AAAAAAAAAAAA']],
  [2, /guild "12" is not valid/, ['guild', 'grant', '12', 'ada']],
  [2, /has ended already/, ['guild', 'grant', '12345678901234567', 'ada', '--until', '2020-01-01']],
  [4, /is not granted to nobody/, ['guild', 'revoke', '12345678901234567', 'nobody']],
  [2, /role "root" is not valid/, ['owner', 'set-role', 'ada', 'root']],
])('ends with %d: %s', async (code, says, args) => {
  const ran = await bdHere(args);
  expect(ran.stderr).toMatch(says);
  expect(ran.code).toBe(code);
});

it('a guild is granted, listed, and taken back', async () => {
  const [guild, owner] = [someGuild(), someOwner()];
  expect((await bd(['guild', 'grant', guild, owner, '--until', '2999-01-31'])).stdout).toBe(
    `guild ${guild} is granted to ${owner} until 2999-01-31T00:00:00.000Z\n`,
  );
  const [grant] = await json('guild', 'list', '--guild', guild);
  expect(grant).toMatchObject({ guildId: guild, owner, grantedBy: 'tester' });
  expect((await bd(['guild', 'list', '--owner', owner])).stdout).toContain(guild);
  expect((await bd(['guild', 'revoke', guild, owner])).stdout).toBe(
    `guild ${guild} is no longer granted to ${owner}\n`,
  );
  expect((await bd(['guild', 'list', '--owner', owner])).stderr).toMatch(/No grants/);
});

it('an owner’s role is set', async () => {
  const owner = someOwner();
  expect((await bd(['owner', 'set-role', owner, 'operator'])).stdout).toBe(
    `${owner} has the role operator\n`,
  );
  expect(await json('owner', 'set-role', owner, 'developer')).toEqual([
    { owner, role: 'developer' },
  ]);
});

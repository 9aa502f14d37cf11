/** The errors of `bd`, directly and over HTTP: code, message, hint and exit code are the same. */
import { beforeAll, describe, expect, it } from 'vitest';
import { tokenOf } from '../../support/api.js';
import { bdHere, type Ran } from '../../support/bd.js';
import { openClient, someGuild, someName, someOwner } from '../../support/stack.js';
import { environmentOf, WAYS } from '../../support/ways.js';

/** Beside `bd sandbox`. */
const GROUPS = ['token', 'guild', 'owner'];

describe('an error', () => {
  const owner = someOwner();
  const [taken, gone] = [someName(), someName()];
  const guild = someGuild();
  let environments: readonly Record<string, string>[];

  beforeAll(async () => {
    environments = await Promise.all(WAYS.map((way) => environmentOf(way, owner)));
    const [env = {}] = environments;
    await bdHere(['sandbox', 'create', taken, '--ttl', '1h', '--guild', guild], env);
    await bdHere(['sandbox', 'create', gone, '--ttl', '1h'], env);
    await bdHere(['sandbox', 'destroy', gone, '--yes'], env);
    return async () => {
      await bdHere(['sandbox', 'destroy', taken, '--yes'], env);
    };
  });

  it.each<[code: string, ...args: string[]]>([
    ['SANDBOX_001', 'create', 'TAKEN'],
    ['SANDBOX_003', 'create', 'another-name', '--guild', 'GUILD'],
    ['SANDBOX_004', 'status', 'never-was'],
    ['SANDBOX_004', 'status', 'sb0000000000'],
    ['SANDBOX_004', 'connect', 'never-was'],
    ['SANDBOX_004', 'exec', 'never-was', 'true'],
    ['SANDBOX_004', 'extend', 'never-was', '1h'],
    ['SANDBOX_004', 'reset', 'never-was', '--yes'],
    ['SANDBOX_004', 'logs', 'never-was'],
    ['SANDBOX_004', 'open', 'never-was'],
    ['SANDBOX_004', 'tail', 'never-was'],
    ['SANDBOX_004', 'tail', 'never-was', '--no-follow'],
    ['SANDBOX_004', 'emit', 'message-create', '--to', 'never-was'],
    ['SANDBOX_004', 'register-guild', 'never-was', 'GUILD'],
    ['SANDBOX_004', 'destroy', 'never-was', 'sb0000000000', '--yes'],
    ['SANDBOX_004', 'unregister-guild', '1000000000000000009'],
    ['SANDBOX_007', 'connect', 'GONE'],
    ['SANDBOX_007', 'tail', 'GONE'],
    ['SANDBOX_007', 'reset', 'GONE', '--yes'],
    ['SANDBOX_007', 'extend', 'GONE', '1h'],
    ['SANDBOX_007', 'emit', 'message-create', '--to', 'GONE'],
    ['SANDBOX_008', 'create', 'NO NAME'],
    ['SANDBOX_008', 'create', 'sb0123456789'],
    ['SANDBOX_008', 'create', '--ttl', '5'],
    ['SANDBOX_008', 'create', '--ttl', '0s'],
    ['SANDBOX_008', 'create', '--ttl', '999ms'],
    ['SANDBOX_008', 'create', '--ttl', '300d'],
    ['SANDBOX_008', 'create', '--guild', '12'],
    ['SANDBOX_008', 'create', '--owner', 'a b'],
    ['SANDBOX_008', 'status', '..'],
    ['SANDBOX_008', 'extend', 'TAKEN', '1y'],
    ['SANDBOX_008', 'extend', 'TAKEN', '300d'],
    ['SANDBOX_008', 'list', '--owner', 'a b'],
    ['SANDBOX_008', 'register-guild', 'TAKEN', '0'],
    ['SANDBOX_008', 'unregister-guild', '99999999999999999999'],
    ['SANDBOX_008', 'destroy', 'NO NAME', '--yes'],
    ['SANDBOX_004', 'token', 'revoke', 'AAAAAAAAAAAA'],
    ['SANDBOX_004', 'token', 'create', '--scope', 'admin', '--kind', 'sandbox', '--sandbox', 'no'],
    ['SANDBOX_004', 'guild', 'revoke', '1000000000000000009', 'nobody'],
    ['SANDBOX_008', 'token', 'create', '--scope', 'all'],
    ['SANDBOX_008', 'token', 'create', '--scope', 'admin', '--kind', 'robot'],
    ['SANDBOX_008', 'token', 'create', '--scope', 'admin', '--kind', 'sandbox'],
    ['SANDBOX_008', 'token', 'create', '--scope', 'admin', '--kind', 'service'],
    ['SANDBOX_008', 'token', 'create', '--scope', 'admin', '--ttl', '91d'],
    ['SANDBOX_008', 'token', 'create', '--scope', 'admin', '--role', 'king'],
    ['SANDBOX_008', 'token', 'create', '--scope', 'admin', '--owner', 'a b'],
    ['SANDBOX_008', 'token', 'revoke', 'x'],
    ['SANDBOX_008', 'guild', 'grant', '12', 'ada'],
    ['SANDBOX_008', 'guild', 'grant', '1000000000000000009', 'ada', '--until', 'tomorrow'],
    ['SANDBOX_008', 'guild', 'grant', '1000000000000000009', 'ada', '--until', '2020-01-01'],
    ['SANDBOX_008', 'owner', 'set-role', 'ada', 'king'],
  ])('%s is the same: %s %s', async (code, ...typed) => {
    const words: Readonly<Record<string, string>> = { TAKEN: taken, GONE: gone, GUILD: guild };
    const args = typed.map((word) => words[word] ?? word);
    const outcomes: Omit<Ran, 'millis'>[] = [];
    for (const env of environments) {
      // Of JSON: code, message and hint. `exec` has none.
      const asked = typed[0] === 'exec' ? args : [...args, '--json'];
      const line = GROUPS.includes(typed[0] ?? '') ? asked : ['sandbox', ...asked];
      const { millis: _millis, ...ran } = await bdHere(line, env);
      outcomes.push(ran);
    }
    const [direct, http] = outcomes;
    expect(direct?.stderr).toContain(code);
    expect([direct?.code === 0, direct?.stdout]).toEqual([false, '']);
    expect(http).toEqual(direct);
  });

  it('of a caller without rights names what lacks', async () => {
    const token = await tokenOf(someOwner());
    const env = { ...environments[1], SANDBOX_TOKEN: token };
    const ran = await bdHere(['sandbox', 'reset', taken, '--yes', '--json'], env);
    expect([ran.code, ran.stdout]).toEqual([8, '']);
    expect(ran.stderr).toContain(`its owner is ${owner}`);
  });

  it('of a revoked token is that of no token', async () => {
    const control = openClient();
    const { id, token } = await control.createToken({ owner, scopes: ['sandbox:read'] });
    await control.revokeToken(id);
    const env = { ...environments[1], SANDBOX_TOKEN: token };
    const ran = await bdHere(['sandbox', 'list', '--json'], env);
    expect([ran.code, ran.stdout]).toEqual([8, '']);
    expect(ran.stderr).toContain('SANDBOX_012');
  });
});

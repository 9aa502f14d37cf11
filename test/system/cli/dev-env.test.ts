/** `bd dev env`: the API's address and an operator's token, the same in each shell. */
import { describe, expect, it } from 'vitest';
import { ask } from '../../support/api.js';
import { bd } from '../../support/bd.js';
import { openClient, someOwner } from '../../support/stack.js';

async function environment(owner: string): Promise<Record<string, string>> {
  const ran = await bd(['dev', 'env', '--json'], { SANDBOX_OWNER: owner });
  expect(ran.code).toBe(0);
  return JSON.parse(ran.stdout) as Record<string, string>;
}

describe('bd dev env', () => {
  it('signs its owner in at the API as an operator, with one token until that dies', async () => {
    const owner = someOwner();
    const first = await environment(owner);
    const { SANDBOX_API_URL: url = '', SANDBOX_TOKEN: token = '' } = first;
    const me = await ask('GET /v1/me', { url, token });
    expect(me.body).toMatchObject({ name: owner, role: 'operator', kind: 'person' });
    expect((await environment(owner)).SANDBOX_TOKEN).toBe(token);
    await openClient().revokeToken(String(me.body.tokenId));
    const next = (await environment(owner)).SANDBOX_TOKEN ?? '';
    expect(next).not.toBe(token);
    expect((await ask('GET /v1/me', { url, token: next })).status).toBe(200);
  });
});

/** A Redis that keeps its connections and answers nothing: routes change, since Postgres owns them. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, tokenOf } from '../../support/api.js';
import { freeze } from '../../support/freeze.js';
import { openClient, someGuild, someOwner } from '../../support/stack.js';

describe('while Redis stands still', () => {
  it('a guild is registered and unregistered', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create();
    const guild = someGuild();
    const thaw = await freeze('redis');
    expect((await client.registerGuild(id, guild)).guildIds).toEqual([guild]);
    expect((await client.unregisterGuild(guild)).guildIds).toEqual([]);
    await thaw();
    await client.destroy(id);
  });

  it('so it is over HTTP', async () => {
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const { id } = await client.create();
    onTestFinished(async () => {
      await client.destroy(id);
    });
    const token = await tokenOf(owner);
    const line = `/v1/sandboxes/${id}/guilds/${someGuild()}`;
    const thaw = await freeze('redis');
    for (const method of ['PUT', 'DELETE'])
      expect(await ask(`${method} ${line}`, { token })).toMatchObject({ status: 200 });
    await thaw();
  });
});

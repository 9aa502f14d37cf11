/**
 * Live routers that do not confirm: a change of routes is refused with the reason for each, and
 * earlier promises hold.
 */
import { describe, expect, it } from 'vitest';
import { parseGuildId } from '../../../domain/guild.js';
import { parseSandboxId } from '../../../domain/names.js';
import { ghosts } from '../../support/ghosts.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openWorkerParts } from '../../support/resources.js';
import { openClient, someGuild, someOwner, stackState } from '../../support/stack.js';
import { commandOf, verified } from '../../support/commands.js';

describe('a live router that does not confirm', () => {
  it('keeps a new guild out, leaves an existing one, and blocks nothing after it has gone', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [free, kept] = [someGuild(), someGuild()];
    const [one, other] = await Promise.all([
      client.create({ ttl: '1h' }),
      client.create({ ttl: '1h', guildIds: [kept] }),
    ]);
    const end = await ghosts({
      'ghost-silent': null,
      'ghost-blind': { version: -1, error: 'no server can be read' },
      'ghost-old': { version: 0 },
    });
    const refused = {
      code: 'SANDBOX_009',
      message: expect.stringMatching(
        /(?=.*ghost-silent \(no answer\))(?=.*ghost-blind \(no server can be read\))(?=.*ghost-old \(at version 0\))/,
      ) as string,
    };
    // One attempt of the workflow, which would retry it.
    const routes = (await openWorkerParts()).routes();
    const registration = (id: string, guild: string) => {
      const args = { guildId: parseGuildId(guild) };
      return verified(commandOf('registerGuild', parseSandboxId(id), args));
    };
    const [added, repeated] = [registration(one.id, free), registration(other.id, kept)];
    for (const attempt of ['first attempt', 'second attempt']) {
      await Promise.all([
        expect(routes.register(added, 'any'), attempt).rejects.toMatchObject(refused),
        expect(routes.register(repeated, 'any'), attempt).rejects.toMatchObject(refused),
      ]);
    }
    await end();
    // After its last attempt the workflow takes it back. A guild that was registered before stays.
    for (const command of [added, repeated]) await routes.takeBack(command);
    // A late attempt adds nothing again.
    await expect(routes.register(added, 'any')).rejects.toMatchObject({ code: 'SANDBOX_010' });
    expect((await client.get(one.id)).guildIds).toEqual([]);
    expect((await client.get(other.id)).guildIds).toEqual([kept]);
    expect((await client.registerGuild(one.id, free)).guildIds).toEqual([free]);
    for (const { id } of [one, other]) {
      await client.destroy(id);
      await client.waitUntilDestroyed(id);
      expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
    }
  });
});

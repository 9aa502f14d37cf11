/** Routers that live and do not confirm: a change of routes is refused, naming each with its reason, and what was promised before stays. */
import { describe, expect, it } from 'vitest';
import { parseGuildId } from '../../../domain/guild.js';
import { parseSandboxId } from '../../../domain/names.js';
import { ghosts } from '../../support/ghosts.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openWorkerParts } from '../../support/resources.js';
import { openClient, someGuild, someOwner, stackState } from '../../support/stack.js';
import { TESTER } from '../../support/commands.js';

describe('a router that lives and does not confirm', () => {
  it('keeps a new guild out, leaves one that was there, and holds up nothing when it has gone', async () => {
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
    // As one attempt of the workflow does it; the workflow tries it again.
    const routes = (await openWorkerParts()).routes();
    const register = (id: string, guild: string): Promise<void> =>
      routes.register({
        ...{ sandboxId: parseSandboxId(id), guildId: parseGuildId(guild) },
        ...{ actor: TESTER, policy: 'any' },
      });
    await Promise.all([
      expect(register(one.id, free)).rejects.toMatchObject(refused),
      expect(register(other.id, kept)).rejects.toMatchObject(refused),
    ]);
    await end();
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

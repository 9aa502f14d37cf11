// A program of the published client: the same file runs in Node, Deno, Bun and a browser.
import { ApiError, SandboxClient } from 'discord-server-sandboxes/client';

/** @returns {Promise<object>} what the program has seen, for the test to check */
export async function run({ url, token, name, guild }) {
  const client = new SandboxClient({ url, token });
  const created = await client.createSandbox({ name, ttl: '10m', guildIds: [guild] });
  const signal = AbortSignal.timeout(20_000);
  const events = client.events(created.id, { signal, since: new Date(Date.now() - 60_000) });
  const payload = JSON.stringify({ guild_id: guild, content: 'häppy 😀' });
  await client.emit(created.id, [{ type: 'MESSAGE_CREATE', payload }]);
  const first = await events.next();
  await events.return();
  const listed = [];
  for await (const { id } of client.listSandboxes()) listed.push(id);
  const held = await client.getGuild(guild);
  const refused = await client.getSandbox('sb0000000000').catch((error) => error);
  const { sandbox } = await client.destroySandbox(created.id);
  return {
    ...{ status: created.status, guildIds: created.guildIds, ended: sandbox.status },
    ...{ isListed: listed.includes(created.id), isHolder: held.sandbox?.id === created.id },
    event: [first.value.type, JSON.parse(first.value.payload).content],
    refused: [refused instanceof ApiError, refused.code, refused.status],
  };
}

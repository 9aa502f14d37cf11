/** The control surface over HTTP: what `bd` uses. */
import { expect, it } from 'vitest';
import { HttpControl } from '../../../edge/simulated/control/http-control.js';
import { SECRET, simulate } from '../../support/simulated-discord.js';

const { discord, first, second, one, other, rest, ready } = await simulate();
const control = new HttpControl(discord.url, SECRET);

it('tells the guilds with their channels, and the applications with their tokens', async () => {
  expect(await control.guilds()).toEqual([first, second]);
  expect(first).toEqual({ id: first.id, name: 'First', channelIds: first.channelIds });
  expect(first.channelIds).toHaveLength(2);
  expect(await control.applications()).toEqual([one, other]);
  expect(other.guildIds).toEqual([second.id]);
});

it('says something, and reads it as the newest message', async () => {
  const [, more = ''] = first.channelIds;
  await control.say('First', 'to the first channel');
  const said = await control.say(first.id, 'to another', more);
  expect(said).toEqual({
    ...{ id: said.id, author: 'owner of First (simulated)', content: 'to another' },
    channelId: more,
  });
  const all = await control.messages('First');
  expect(all.map(({ content }) => content)).toEqual(['to the first channel', 'to another']);
  expect(await control.messages(second.id)).toEqual([]);
});

it('uses a slash command and returns the bot’s answer', async () => {
  const path = `/applications/${one.id}/commands`;
  const options = [{ type: 3, name: 'text', description: 'd', required: true }];
  await rest('POST', path, { name: 'echo', description: 'd', options });
  const { gateway } = await ready();
  const used = control.slash(first.id, 'echo', { text: 'é "quoted"' });
  const { d } = await gateway.event('INTERACTION_CREATE');
  const content = d.data.options[0]!.value;
  const callback = `/interactions/${d.id}/${d.token}/callback`;
  await rest('POST', callback, { type: 4, data: { content } }, null);
  const result = await used;
  expect(result).toMatchObject({ id: d.id, state: 'answered', answer: { content: 'é "quoted"' } });
  expect((await control.messages(first.id)).at(-1)).toEqual(result.answer);
});

it('presses a button of a bot’s message', async () => {
  const [channel = ''] = first.channelIds;
  const menu = { type: 3, custom_id: 'menu', options: [{ label: 'A', value: 'a' }] };
  const body = { content: 'choose', components: [{ type: 1, components: [menu] }] };
  const { body: message } = await rest('POST', `/channels/${channel}/messages`, body);
  const { gateway } = await ready();
  const pressed = control.press(first.id, message.id, 'menu', ['a']);
  const { d } = await gateway.event('INTERACTION_CREATE');
  expect(d.data).toEqual({ custom_id: 'menu', component_type: 3, values: ['a'] });
  const callback = `/interactions/${d.id}/${d.token}/callback`;
  await rest('POST', callback, { type: 4, data: { content: 'chosen' } }, null);
  expect((await pressed).answer?.content).toBe('chosen');
});

it('cuts the connections of all clients', async () => {
  const { gateway } = await ready();
  expect((await control.disturb('drop')).connections).toBeGreaterThan(0);
  expect((await gateway.closed)[0]).toBe(1006);
});

it.each([
  ['an unknown guild', () => control.say('1', 'x'), { status: 404, code: 10_004 }],
  ['an unknown channel', () => control.say(first.id, 'x', '1'), { status: 404, code: 10_003 }],
  ['an unknown command', () => control.slash(first.id, 'none'), { status: 404, code: 10_063 }],
  ['an unknown message', () => control.press(first.id, '1', 'x'), { code: 10_008 }],
  ['a text that is too long', () => control.say(first.id, 'x'.repeat(2_001)), { code: 50_035 }],
  ['another secret', () => new HttpControl(discord.url, 'x').guilds(), { status: 401 }],
])('is refused for %s', async (_why, call, expected) => {
  const error: unknown = await (call() as Promise<unknown>).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'DiscordError', ...expected });
});

it('is refused for an unknown operation, a wrong method, and options that are no texts', async () => {
  const ask = async (method: string, path: string, body?: object): Promise<number> => {
    const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return (await fetch(`${discord.url}/simulated/${path}`, { method, headers, ...sent })).status;
  };
  expect(await ask('POST', 'nothing')).toBe(404);
  expect(await ask('GET', 'guilds')).toBe(405);
  expect(await ask('POST', 'say', { guild: first.id })).toBe(400);
  expect(await ask('POST', 'press', { guild: first.id, messageId: '1' })).toBe(400);
  expect(await ask('POST', 'disturb', { how: 'gently' })).toBe(400);
  const body = { guild: first.id, command: 'echo', options: { text: 1 } };
  expect(await ask('POST', 'slash', body)).toBe(400);
});

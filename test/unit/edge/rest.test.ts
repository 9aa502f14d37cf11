/** Simulated Discord's REST API: what it answers, and what it refuses in Discord's shape. */
import { describe, expect, it } from 'vitest';
import { simulate } from '../../support/simulated-discord.js';

const { discord, first, second, one, other, rest, ready } = await simulate();
const [general = '', more = ''] = first.channelIds;
const [secondChannel = ''] = second.channelIds;
const code = (reply: { status: number; body: { code: number } }) => [reply.status, reply.body.code];

describe('a call', () => {
  it.each([
    [401, 0, 'without a token', 'GET', '/users/@me', null],
    [401, 0, 'with an unknown token', 'GET', '/users/@me', 'unknown'],
    [401, 0, 'with an unknown token, to an unknown path', 'GET', '/nothing', 'unknown'],
    [404, 0, 'to an unknown path', 'GET', '/nothing/here', undefined],
    [404, 0, 'to a path with an empty part', 'GET', '/users//@me', undefined],
    [405, 0, 'with another method', 'PUT', '/users/@me', undefined],
    [400, 50035, 'with an id that is none', 'GET', '/channels/abc', undefined],
    [404, 10003, 'to an unknown channel', 'GET', '/channels/1', undefined],
    [404, 10004, 'to an unknown guild', 'GET', '/guilds/1', undefined],
    [404, 10013, 'to an unknown user', 'GET', '/users/1', undefined],
  ] as const)('answers %i with code %i %s', async (status, number, _why, method, path, token) => {
    const reply = await rest(method, path, undefined, token);
    expect(code(reply)).toEqual([status, number]);
    const fields = number === 50035 ? ['code', 'errors', 'message'] : ['code', 'message'];
    expect(Object.keys(reply.body).sort()).toEqual(fields);
  });

  it('says that the Discord is simulated', async () => {
    const reply = await rest('GET', '/users/@me');
    expect(reply.headers.get('x-simulated-discord')).toContain('simulated');
    expect(reply.body).toMatchObject({ id: one.id, username: 'one (simulated)', bot: true });
  });

  it('is refused for a version that Discord no longer has', async () => {
    const response = await fetch(`${discord.url}/api/v5/gateway`);
    expect(await response.json()).toMatchObject({ code: 50041 });
    expect(await (await fetch(`${discord.url}/api/v9/gateway`)).json()).toEqual({
      url: discord.gatewayUrl,
    });
  });

  it('with a body that is no JSON, or of another kind, is refused', async () => {
    const send = async (type: string, body: string) => {
      const headers = { authorization: `Bot ${one.token}`, 'content-type': type };
      const url = `${discord.url}/api/v10/channels/${general}/messages`;
      return (await fetch(url, { method: 'POST', headers, body })).json();
    };
    expect(await send('application/json', '{"content":')).toMatchObject({ code: 50109 });
    expect(await send('text/plain', 'hello')).toMatchObject({ code: 50035 });
  });

  it.each([
    ['/gateway/bot', { url: discord.gatewayUrl, shards: 1 }],
    ['/applications/@me', { id: one.id, name: 'one', flags: 0 }],
    ['/oauth2/applications/@me', { id: one.id, name: 'one' }],
    ['/soundboard-default-sounds', []],
    ['/sticker-packs', { sticker_packs: [] }],
  ])('at the start of a bot reads %s', async (path, expected) => {
    const reply = await rest('GET', path);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject(expected);
  });
});

describe('another guild', () => {
  it.each([
    [404, 10004, 'GET', `/guilds/${first.id}`],
    [404, 10004, 'GET', `/guilds/${first.id}/members`],
    [404, 10004, 'PATCH', `/guilds/${first.id}`],
    [403, 50001, 'GET', `/channels/${general}`],
    [403, 50001, 'POST', `/channels/${general}/messages`],
    [403, 50001, 'DELETE', `/channels/${general}`],
    [403, 50001, 'POST', `/channels/${general}/webhooks`],
    [403, 50001, 'PUT', `/applications/${other.id}/guilds/${first.id}/commands`],
    [403, 20012, 'GET', `/applications/${one.id}/commands`],
  ] as const)('is refused with %i and code %i: %s %s', async (status, number, method, path) => {
    const body = method === 'GET' ? undefined : { name: 'x', content: 'x' };
    expect(code(await rest(method, path, body, other.token))).toEqual([status, number]);
  });

  it('is not in the list of the bot’s guilds', async () => {
    const { body } = await rest('GET', '/users/@me/guilds', undefined, other.token);
    expect(body).toMatchObject([{ id: second.id, name: 'Second' }]);
    expect(body).toHaveLength(1);
  });
});

describe('members and roles', () => {
  it('are listed, searched and changed, each change an event', async () => {
    const { gateway } = await ready();
    const { list: found } = await rest('GET', `/guilds/${first.id}/members/search?query=ad`);
    const ada = found[0]!.user;
    expect(ada.username).toBe('Ada');
    const { body: role } = await rest('POST', `/guilds/${first.id}/roles`, { name: 'Rank' });
    const path = `/guilds/${first.id}/members/${ada.id}`;
    expect((await rest('PUT', `${path}/roles/${role.id}`)).status).toBe(204);
    expect((await rest('PATCH', path, { nick: 'A.' })).body).toMatchObject({ nick: 'A.' });
    expect(code(await rest('PUT', `${path}/roles/1`))).toEqual([404, 10011]);
    expect((await rest('GET', path)).body).toMatchObject({ nick: 'A.', roles: [role.id] });
    expect((await rest('GET', `/guilds/${first.id}/members?limit=1000`)).body).toHaveLength(4);
    await gateway.event('GUILD_ROLE_CREATE');
    const { d } = await gateway.event('GUILD_MEMBER_UPDATE');
    expect(d).toMatchObject({ guild_id: first.id, user: { id: ada.id }, roles: [role.id] });
    expect((await rest('DELETE', `/guilds/${first.id}/roles/${role.id}`)).status).toBe(204);
    expect((await rest('GET', path)).body.roles).toEqual([]);
  });

  it('are banned and removed, but not the owner', async () => {
    const { body } = await rest('GET', `/guilds/${first.id}`);
    const owner = `/guilds/${first.id}/bans/${body.owner_id}`;
    expect(code(await rest('PUT', owner))).toEqual([403, 50013]);
    const { list: found } = await rest('GET', `/guilds/${first.id}/members/search?query=grace`);
    const grace = found[0]!.user.id;
    const path = `/guilds/${first.id}/bans/${grace}`;
    expect(code(await rest('GET', path))).toEqual([404, 10026]);
    expect((await rest('PUT', path)).status).toBe(204);
    expect((await rest('GET', path)).body).toMatchObject({ user: { username: 'Grace' } });
    const member = `/guilds/${first.id}/members/${grace}`;
    expect(code(await rest('GET', member))).toEqual([404, 10007]);
    expect((await rest('DELETE', path)).status).toBe(204);
  });
});

describe('channels', () => {
  it('are made, changed and deleted, each change an event', async () => {
    const { gateway } = await ready();
    const made = await rest('POST', `/guilds/${first.id}/channels`, { name: 'new', topic: 't' });
    expect([made.status, made.body.topic, made.body.guild_id]).toEqual([201, 't', first.id]);
    const path = `/channels/${made.body.id}`;
    expect((await rest('PATCH', path, { name: 'newer' })).body.name).toBe('newer');
    expect((await rest('DELETE', path)).status).toBe(200);
    expect(code(await rest('GET', path))).toEqual([404, 10003]);
    for (const type of ['CHANNEL_CREATE', 'CHANNEL_UPDATE', 'CHANNEL_DELETE'])
      expect((await gateway.event(type)).d.id).toBe(made.body.id);
    expect(code(await rest('POST', `/guilds/${first.id}/channels`, {}))).toEqual([400, 50035]);
  });

  it('show that a bot types, and pin messages', async () => {
    const { gateway } = await ready();
    expect((await rest('POST', `/channels/${more}/typing`)).status).toBe(204);
    expect((await gateway.event('TYPING_START')).d).toMatchObject({ user_id: one.id });
    const { id } = await discord.control.say(first.id, 'worth a pin', more);
    expect((await rest('PUT', `/channels/${more}/pins/${id}`)).status).toBe(204);
    expect((await rest('GET', `/channels/${more}/pins`)).body).toMatchObject([{ id }]);
    const { body } = await rest('GET', `/channels/${more}/messages/pins`);
    expect(body).toMatchObject({ has_more: false, items: [{ message: { id, pinned: true } }] });
  });

  it('of a direct kind belong to one bot and one person', async () => {
    const { body: guild } = await rest('GET', `/guilds/${second.id}`);
    const open = { recipient_id: guild.owner_id };
    const { body: channel } = await rest('POST', '/users/@me/channels', open);
    expect(channel).toMatchObject({ type: 1, recipients: [{ id: guild.owner_id }] });
    expect((await rest('POST', '/users/@me/channels', open)).body.id).toBe(channel.id);
    const { gateway } = await ready();
    const path = `/channels/${channel.id}`;
    expect((await rest('POST', `${path}/messages`, { content: 'hi' })).status).toBe(200);
    const { d } = await gateway.event('MESSAGE_CREATE');
    expect(d).toMatchObject({ content: 'hi', channel_id: channel.id });
    expect(d).not.toHaveProperty('guild_id');
    expect(code(await rest('GET', path, undefined, other.token))).toEqual([403, 50001]);
    const toBot = { recipient_id: other.id };
    expect(code(await rest('POST', '/users/@me/channels', toBot))).toEqual([403, 50007]);
  });
});

it('a bot that leaves a guild no longer sees it, and counts its refusals', async () => {
  const { gateway } = await ready({ token: other.token });
  const path = `/users/@me/guilds/${second.id}`;
  expect((await rest('DELETE', path, undefined, other.token)).status).toBe(204);
  expect((await gateway.event('GUILD_DELETE')).d).toEqual({ id: second.id });
  const before = discord.invalidRequests();
  const reply = await rest('GET', `/channels/${secondChannel}`, undefined, other.token);
  expect(code(reply)).toEqual([403, 50001]);
  expect(discord.invalidRequests()).toBe(before + 1);
});

/** Guilds, channels and roles of simulated Discord: what a bot reads, changes, and may not. */
import { describe, expect, it } from 'vitest';
import { simulate } from '../../support/simulated-discord.js';

const { first, second, one, other, rest, ready } = await simulate();
const [general = ''] = first.channelIds;
const GUILD = `/guilds/${first.id}`;
const code = (reply: { status: number; body: { code: number } }) => [reply.status, reply.body.code];
const { body: guild } = await rest('GET', `/guilds/${second.id}`);
const { body: direct } = await rest('POST', '/users/@me/channels', {
  recipient_id: guild.owner_id,
});

describe('a guild', () => {
  it('is read with the count of its members only when asked', async () => {
    expect((await rest('GET', GUILD)).body).not.toHaveProperty('approximate_member_count');
    for (const yes of ['true', 'True', '1']) {
      const { body } = await rest('GET', `${GUILD}?with_counts=${yes}`);
      expect(body).toMatchObject({ approximate_member_count: 4, approximate_presence_count: 4 });
    }
    const { body } = await rest('GET', `${GUILD}?with_counts=false`);
    expect(body).not.toHaveProperty('approximate_member_count');
  });

  it('keeps its name when an edit does not give one, and each edit is an event', async () => {
    const { gateway } = await ready();
    expect((await rest('PATCH', GUILD, { icon: null })).body.name).toBe('First');
    expect((await gateway.event('GUILD_UPDATE')).d.name).toBe('First');
    expect((await rest('PATCH', GUILD, { name: 'Renamed' })).body.name).toBe('Renamed');
    expect((await gateway.event('GUILD_UPDATE')).d).toMatchObject({
      ...{ id: first.id, name: 'Renamed' },
    });
  });

  it.each([
    ['emojis', []],
    ['auto-moderation/rules', []],
    ['threads/active', { threads: [], members: [] }],
  ])('has no %s, and says so only to its own bots', async (name, nothing) => {
    expect((await rest('GET', `${GUILD}/${name}`)).body).toEqual(nothing);
    expect(code(await rest('GET', `${GUILD}/${name}`, undefined, other.token))).toEqual([
      ...[404, 10004],
    ]);
  });

  it('is listed by ids before and after', async () => {
    const ids = async (query: string): Promise<unknown[]> => {
      const { list } = await rest('GET', `/users/@me/guilds?${query}`);
      return list.map(({ id }) => id);
    };
    expect(await ids('')).toEqual([first.id, second.id]);
    expect(await ids(`after=${first.id}`)).toEqual([second.id]);
    expect(await ids(`before=${second.id}`)).toEqual([first.id]);
    expect(await ids('limit=1')).toEqual([first.id]);
    expect(code(await rest('GET', '/users/@me/guilds?limit=201'))).toEqual([400, 50035]);
  });
});

describe('a channel', () => {
  it('is listed in its guild and read by itself', async () => {
    const { list } = await rest('GET', `${GUILD}/channels`);
    expect(list.slice(0, 2)).toMatchObject([
      { id: general, name: 'general', type: 0, position: 0 },
      { id: first.channelIds[1], name: 'more', type: 0, position: 1 },
    ]);
    expect((await rest('GET', `/channels/${general}`)).body).toEqual(list[0]);
    expect((await rest('GET', `/channels/${general}/invites`)).body).toEqual([]);
  });

  it('for voice has a bitrate, one for text has pins', async () => {
    const { body: voice } = await rest('POST', `${GUILD}/channels`, { name: 'v', type: 2 });
    expect(voice).toMatchObject({ type: 2, bitrate: 64_000, user_limit: 0 });
    expect(voice).not.toHaveProperty('last_pin_timestamp');
    const { body: text } = await rest('POST', `${GUILD}/channels`, { name: 't', type: 0 });
    expect(text).toMatchObject({ type: 0, last_pin_timestamp: null });
    expect(text).not.toHaveProperty('bitrate');
  });

  it.each([
    ['type', 'BASE_TYPE_CHOICES', { name: 'x', type: 1 }],
    ['type', 'BASE_TYPE_CHOICES', { name: 'x', type: 99 }],
    ['name', 'BASE_TYPE_REQUIRED', { type: 0 }],
    ['name', 'BASE_TYPE_BAD_LENGTH', { name: 'n'.repeat(101) }],
  ])('is refused for its %s with %s: %o', async (field, fault, body) => {
    const reply = await rest('POST', `${GUILD}/channels`, body);
    expect(code(reply)).toEqual([400, 50035]);
    expect(reply.body.errors).toMatchObject({ [field]: { _errors: [{ code: fault }] } });
  });

  it('loses a pin that is taken back, and a message that is unknown cannot be pinned', async () => {
    const { gateway } = await ready();
    const { body } = await rest('POST', `/channels/${general}/messages`, { content: 'pin me' });
    const path = `/channels/${general}/messages/pins/${body.id}`;
    expect((await rest('PUT', path)).status).toBe(204);
    expect((await gateway.event('CHANNEL_PINS_UPDATE')).d).toMatchObject({
      ...{ channel_id: general, guild_id: first.id },
    });
    expect((await rest('DELETE', path)).status).toBe(204);
    await gateway.event('CHANNEL_PINS_UPDATE');
    expect((await rest('GET', `/channels/${general}/pins`)).body).toEqual([]);
    const message = await rest('GET', `/channels/${general}/messages/${body.id}`);
    expect(message.body.pinned).toBe(false);
    expect(code(await rest('PUT', `/channels/${general}/pins/1`))).toEqual([404, 10008]);
  });
});

describe('a direct channel', () => {
  const path = `/channels/${direct.id}`;

  it('cannot be edited, and has no webhooks', async () => {
    expect(code(await rest('PATCH', path, { name: 'x' }))).toEqual([400, 50024]);
    expect(code(await rest('POST', `${path}/webhooks`, { name: 'x' }))).toEqual([400, 50024]);
  });

  it('keeps its messages when it is closed', async () => {
    const { body } = await rest('POST', `${path}/messages`, { content: 'kept' });
    expect((await rest('DELETE', path)).body.id).toBe(direct.id);
    expect((await rest('GET', `${path}/messages/${body.id}`)).body.content).toBe('kept');
  });

  it('shows typing and reactions without a guild', async () => {
    const { gateway } = await ready();
    expect((await rest('POST', `${path}/typing`)).status).toBe(204);
    const { d: typing } = await gateway.event('TYPING_START');
    expect(typing).toEqual({
      ...{ channel_id: direct.id, user_id: one.id, timestamp: typing.timestamp },
    });
    const { body } = await rest('POST', `${path}/messages`, { content: 'react' });
    const reaction = `${path}/messages/${body.id}/reactions/${encodeURIComponent('👍')}/@me`;
    expect((await rest('PUT', reaction)).status).toBe(204);
    const { d } = await gateway.event('MESSAGE_REACTION_ADD');
    expect(d).toMatchObject({ channel_id: direct.id, message_id: body.id, user_id: one.id });
    expect(d).not.toHaveProperty('guild_id');
    expect(d).not.toHaveProperty('member');
  });

  // https://discord.com/developers/docs/resources/message#bulk-delete-messages: only of a guild.
  it('has no bulk deletion', async () => {
    const ids: string[] = [];
    for (const content of ['a', 'b'])
      ids.push((await rest('POST', `${path}/messages`, { content })).body.id);
    const refused = await rest('POST', `${path}/messages/bulk-delete`, { messages: ids });
    expect(code(refused)).toEqual([400, 50024]);
    expect((await rest('GET', `${path}/messages?limit=2`)).list.map(({ id }) => id)).toEqual(
      ids.toReversed(),
    );
  });
});

describe('a role', () => {
  it('is made without permissions, edited by what is given, each change an event', async () => {
    const { gateway } = await ready();
    const { body: role } = await rest('POST', `${GUILD}/roles`, {});
    expect(role).toMatchObject({ name: 'new role', permissions: '0', position: 1 });
    const path = `${GUILD}/roles/${role.id}`;
    const edited = await rest('PATCH', path, { name: 'Rank', color: 255, permissions: null });
    expect(edited.body).toEqual({ ...role, name: 'Rank', color: 255 });
    const { d } = await gateway.event('GUILD_ROLE_UPDATE');
    expect(d).toMatchObject({ guild_id: first.id, role: { id: role.id, name: 'Rank' } });
    expect((await rest('GET', path)).body).toEqual(edited.body);
    expect((await rest('GET', `${GUILD}/roles`)).list.map(({ id }) => id)).toEqual([
      ...[first.id, role.id],
    ]);
  });

  it('@everyone cannot be deleted, and an unknown one is refused', async () => {
    expect(code(await rest('DELETE', `${GUILD}/roles/${first.id}`))).toEqual([403, 50013]);
    for (const method of ['GET', 'PATCH', 'DELETE'])
      expect(code(await rest(method, `${GUILD}/roles/1`))).toEqual([404, 10011]);
  });
});

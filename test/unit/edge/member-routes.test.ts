/** Members, bans and users of simulated Discord, by REST. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { simulate } from '../../support/simulated-discord.js';

const { discord, first, second, one, other, rest, ready } = await simulate();
const GUILD = `/guilds/${first.id}`;
const code = (reply: { status: number; body: { code: number } }) => [reply.status, reply.body.code];
/** The id of a member of a guild, by the start of its name. */
async function idOf(name: string, guild = first.id): Promise<string> {
  const { list } = await rest('GET', `/guilds/${guild}/members/search?query=${name}`);
  return list[0]!.user.id;
}

describe('members', () => {
  it('are listed in the order of their ids, one at a time unless more are asked for', async () => {
    const { list: all } = await rest('GET', `${GUILD}/members?limit=1000`);
    const ids = all.map(({ user }) => user.id);
    expect(ids).toEqual([...ids].sort((a, b) => Number(BigInt(a) - BigInt(b))));
    expect((await rest('GET', `${GUILD}/members`)).list).toEqual(all.slice(0, 1));
    const after = await rest('GET', `${GUILD}/members?limit=2&after=${ids[0]!}`);
    expect(after.list).toEqual(all.slice(1, 3));
    expect(code(await rest('GET', `${GUILD}/members?limit=1001`))).toEqual([400, 50035]);
  });

  it('are in that order also where a later one has a lower id', async () => {
    const seed = { guilds: [{ name: 'Only' }], applications: [{ name: 'old', id: '1000' }] };
    const own = await simulate({ seed }, onTestFinished);
    const { list } = await own.rest('GET', `/guilds/${own.first.id}/members?limit=2`);
    expect(list.map(({ user }) => user.username)).toEqual([
      ...['old (simulated)', 'owner of Only (simulated)'],
    ]);
  });

  it('are not searched without a query', async () => {
    const { status, body } = await rest('GET', `${GUILD}/members/search`);
    const fault = { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' };
    expect([status, body.errors]).toEqual([400, { query: { _errors: [fault] } }]);
  });

  it('include the bot, which reads and edits itself', async () => {
    const own = await rest('GET', `/users/@me/guilds/${first.id}/member`);
    expect(own.body.user.id).toBe(one.id);
    expect((await rest('PATCH', `${GUILD}/members/@me`, { nick: 'Bot' })).body.nick).toBe('Bot');
    expect((await rest('GET', `${GUILD}/members/${one.id}`)).body.nick).toBe('Bot');
  });

  it('get exactly the roles of an edit, unless one of them is unknown', async () => {
    const path = `${GUILD}/members/${await idOf('Ada')}`;
    const { body: a } = await rest('POST', `${GUILD}/roles`, { name: 'a' });
    const { body: b } = await rest('POST', `${GUILD}/roles`, { name: 'b' });
    expect((await rest('PATCH', path, { roles: [a.id, b.id] })).body.roles).toEqual([a.id, b.id]);
    expect(code(await rest('PATCH', path, { roles: ['1'], nick: 'x' }))).toEqual([404, 10011]);
    expect((await rest('GET', path)).body).toMatchObject({ roles: [a.id, b.id], nick: null });
    expect((await rest('DELETE', `${path}/roles/${a.id}`)).status).toBe(204);
    expect((await rest('PUT', `${path}/roles/${b.id}`)).status).toBe(204);
    expect((await rest('GET', path)).body.roles).toEqual([b.id]);
  });

  it('are kicked, but neither the owner nor a bot', async () => {
    const { gateway } = await ready();
    const path = `${GUILD}/members/${await idOf('Grace')}`;
    expect((await rest('DELETE', path)).status).toBe(204);
    const { d } = await gateway.event('GUILD_MEMBER_REMOVE');
    expect(d).toMatchObject({ guild_id: first.id, user: { username: 'Grace' } });
    expect(code(await rest('DELETE', path))).toEqual([404, 10007]);
    const { body: guild } = await rest('GET', GUILD);
    expect(code(await rest('DELETE', `${GUILD}/members/${guild.owner_id}`))).toEqual([403, 50013]);
    const bot = `/guilds/${second.id}/members/${other.id}`;
    expect(code(await rest('DELETE', bot))).toEqual([403, 50013]);
    expect((await rest('GET', bot)).body.user.id).toBe(other.id);
  });
});

describe('a ban', () => {
  it('holds for a person who is not in the guild, keeps its reason, and is taken back', async () => {
    const { gateway } = await ready();
    const alan = await idOf('Alan', second.id);
    const path = `${GUILD}/bans/${alan}`;
    expect((await rest('PUT', path, { reason: 'spam' })).status).toBe(204);
    expect((await gateway.event('GUILD_BAN_ADD')).d).toMatchObject({
      ...{ guild_id: first.id, user: { id: alan } },
    });
    expect(gateway.types()).not.toContain('GUILD_MEMBER_REMOVE');
    expect((await rest('GET', `${GUILD}/bans`)).body).toMatchObject([
      { user: { id: alan }, reason: 'spam' },
    ]);
    expect((await rest('DELETE', path)).status).toBe(204);
    expect((await gateway.event('GUILD_BAN_REMOVE')).d).toMatchObject({ user: { id: alan } });
    expect(code(await rest('DELETE', path))).toEqual([404, 10026]);
  });

  it('of an unknown user is refused', async () => {
    expect(code(await rest('PUT', `${GUILD}/bans/1`))).toEqual([404, 10013]);
  });
});

describe('a user', () => {
  it('is read by its id', async () => {
    const { body } = await rest('GET', `/users/${other.id}`);
    expect(body).toMatchObject({ id: other.id, username: 'other (simulated)', bot: true });
  });

  it('gets a direct channel only by a known id', async () => {
    const missing = await rest('POST', '/users/@me/channels', {});
    expect(missing.body.errors).toEqual({
      recipient_id: {
        _errors: [{ code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }],
      },
    });
    const unknown = await rest('POST', '/users/@me/channels', { recipient_id: '1' });
    expect(code(unknown)).toEqual([404, 10013]);
  });
});

it('an application has no emojis of its own', async () => {
  const { body } = await rest('GET', `/applications/${one.id}/emojis`);
  expect(body).toEqual({ items: [] });
});

describe('messages of a person', () => {
  it('are deleted by a bot in a guild', async () => {
    const { id } = await discord.control.say(first.id, 'rude');
    const path = `/channels/${first.channelIds[0]!}/messages/${id}`;
    expect((await rest('POST', `${path}/crosspost`)).body.id).toBe(id);
    expect((await rest('DELETE', path)).status).toBe(204);
    expect(code(await rest('GET', path))).toEqual([404, 10008]);
  });
});

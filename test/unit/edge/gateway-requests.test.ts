/** What simulated Discord's gateway does with unusual frames and requests of a client. */
import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { INTENT } from '../../../discord/intents.js';
import { simulate } from '../../support/simulated-discord.js';

const warnings: object[] = [];
const log = { warn: (facts: object): void => void warnings.push(facts) };
const { discord, first, second, one, other, rest, connect, ready } = await simulate({ log });

describe('the gateway closes a new connection', () => {
  const properties = { os: 'linux' };
  const identify = { token: one.token, intents: 1, properties };
  it.each([
    [4002, 'for a list in place of a frame', []],
    [4002, 'for a frame without an opcode', { d: null }],
    [4002, 'for an IDENTIFY without properties', { op: 2, d: { ...identify, properties: {} } }],
    [4004, 'for an IDENTIFY without a token', { op: 2, d: { intents: 1, properties } }],
    [4010, 'for a shard of three numbers', { op: 2, d: { ...identify, shard: [0, 1, 2] } }],
    [4010, 'for a shard that is a text', { op: 2, d: { ...identify, shard: '0,1' } }],
    [4010, 'for a part of a shard', { op: 2, d: { ...identify, shard: [0, 1.5] } }],
    [4010, 'for a negative shard', { op: 2, d: { ...identify, shard: [-1, 1] } }],
  ])('with %i %s', async (code, _why, frame) => {
    const gateway = await connect();
    gateway.socket.send(JSON.stringify(frame));
    expect((await gateway.closed)[0]).toBe(code);
  });
});

it.each(['/other', '//', '/gateway?v=10'])('an upgrade to %s is not found', async (path) => {
  const status = await new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    const asked = request(discord.url, { headers });
    // Exactly this path: a URL would change it.
    asked.path = path;
    asked.on('response', (response) => resolve(response.resume().statusCode));
    asked.on('error', reject).end();
  });
  expect(status).toBe(404);
});

it('a client that names neither version nor encoding speaks JSON of version 10', async () => {
  const gateway = await connect('/');
  gateway.identify(one.token, 1, { shard: null });
  expect((await gateway.event('READY')).d).toMatchObject({ v: 10, shard: [0, 1] });
});

it('an IDENTIFY is possible again when the window is over', async () => {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const own = await simulate({ now, identifyConcurrency: 1 }, onTestFinished);
  await own.ready();
  const gateway = await own.connect();
  gateway.identify(own.one.token, 1);
  expect((await gateway.op(9)).d).toBe(false);
  ahead = 5_001;
  gateway.identify(own.one.token, 1);
  expect((await gateway.event('READY')).s).toBe(1);
});

describe('RESUME', () => {
  it('on a connection with a session closes it with 4005', async () => {
    const { gateway, sessionId } = await ready();
    gateway.send(6, { token: one.token, session_id: sessionId, seq: 1 });
    expect((await gateway.closed)[0]).toBe(4005);
  });

  it.each([undefined, -1, 0.5, '1'])('with the number %j closes with 4007', async (seq) => {
    const { sessionId } = await ready();
    const again = await connect();
    again.send(6, { token: one.token, session_id: sessionId, seq });
    expect((await again.closed)[0]).toBe(4007);
  });

  it('without the id of a session is invalid', async () => {
    const gateway = await connect();
    gateway.send(6, { token: one.token, seq: 1 });
    expect((await gateway.op(9)).d).toBe(false);
  });
});

describe('a request of a session', () => {
  it('for a presence is accepted, and nobody sees it', async () => {
    const { gateway } = await ready();
    const before = gateway.frames.length;
    gateway.send(3, { status: 'dnd', activities: [], since: null, afk: false });
    await gateway.settled();
    expect(gateway.frames.slice(before)).toEqual([{ op: 11, d: null, s: null, t: null }]);
  });

  it.each([
    [4, 'voice', { guild_id: first.id, channel_id: null }],
    [31, 'soundboard sounds', { guild_ids: [first.id] }],
  ])('with opcode %i is logged, for there is no %s', async (op, what, d) => {
    const { gateway } = await ready();
    warnings.length = 0;
    gateway.send(op, d);
    await gateway.settled();
    expect(warnings).toEqual([{ what }]);
    expect(gateway.types().at(-1)).toBe('GUILD_CREATE');
  });

  it('for members of a guild that the bot is not in has no answer', async () => {
    const { gateway } = await ready({ token: other.token });
    gateway.send(8, { guild_id: first.id, query: 'A', limit: 1 });
    await gateway.settled();
    expect(gateway.types()).not.toContain('GUILD_MEMBERS_CHUNK');
  });

  it('for one member by an id, with presences, gets that member and no presence', async () => {
    const { gateway } = await ready();
    gateway.send(8, { guild_id: first.id, user_ids: one.id, presences: true });
    const { d } = await gateway.event('GUILD_MEMBERS_CHUNK');
    expect(d.members.map(({ user }) => user.id)).toEqual([one.id]);
    expect(d.presences).toEqual([]);
    expect(d).not.toHaveProperty('not_found');
    expect(d).not.toHaveProperty('nonce');
  });

  it('for members finds them by their nicks', async () => {
    const { gateway } = await ready();
    await rest('PATCH', `/guilds/${first.id}/members/@me`, { nick: 'Zed' });
    gateway.send(8, { guild_id: first.id, query: 'ze', limit: 10 });
    const { d } = await gateway.event('GUILD_MEMBERS_CHUNK');
    expect(d.members.map(({ user }) => user.id)).toEqual([one.id]);
    expect(d).not.toHaveProperty('presences');
  });

  it('for members without a query and a limit is for all of them', async () => {
    const { gateway } = await ready({ token: other.token });
    gateway.send(8, { guild_id: second.id });
    const { d } = await gateway.event('GUILD_MEMBERS_CHUNK');
    expect(d.members).toHaveLength(4);
  });
});

describe('a message', () => {
  it('that another bot quotes is hidden with the answer from a bot without the intent', async () => {
    const { gateway } = await ready({ intents: INTENT.guildMessages });
    const said = await discord.control.say(second.id, 'a secret');
    const reply = { content: 'an answer', message_reference: { message_id: said.id } };
    await rest('POST', `/channels/${said.channelId}/messages`, reply, other.token);
    await gateway.event('MESSAGE_CREATE');
    const { d } = await gateway.event('MESSAGE_CREATE');
    const referenced_message = { id: said.id, content: '', embeds: [] };
    expect(d).toMatchObject({ content: '', author: { id: other.id }, referenced_message });
  });

  it('in a direct channel reaches shard 0 alone', async () => {
    const owner = (await rest('GET', `/guilds/${first.id}`)).body.owner_id;
    const { body: channel } = await rest('POST', '/users/@me/channels', { recipient_id: owner });
    const [zero, more] = [await ready({ shard: [0, 2] }), await ready({ shard: [1, 2] })];
    await rest('POST', `/channels/${channel.id}/messages`, { content: 'directly' });
    expect((await zero.gateway.event('MESSAGE_CREATE')).d.content).toBe('directly');
    await more.gateway.settled();
    expect(more.gateway.types()).not.toContain('MESSAGE_CREATE');
  });
});

it('a disturbance leaves a connection without a session alone', async () => {
  const alone = await simulate({}, onTestFinished);
  const gateway = await alone.connect();
  expect(await alone.discord.control.disturb('drop')).toEqual({ connections: 0 });
  await gateway.settled();
});

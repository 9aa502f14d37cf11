/** Sessions of simulated Discord's gateway, as a client without a library sees them. */
import { describe, expect, it } from 'vitest';
import { INTENT } from '../../../discord/intents.js';
import type { WireObject } from '../../support/bare-gateway.js';
import { simulate } from '../../support/simulated-discord.js';

const simulation = await simulate();
const { discord, first, second, one, other, connect, ready } = simulation;

describe('a new session', () => {
  it('receives HELLO, READY and every guild before anything else', async () => {
    const gateway = await connect();
    expect(gateway.frames[0]).toMatchObject({ op: 10, d: { heartbeat_interval: 41_250 } });
    gateway.identify(one.token, INTENT.guilds | INTENT.guildMessages);
    await gateway.event('READY');
    await discord.control.say(first.id, 'at the same time');
    await gateway.settled();
    expect(gateway.types()).toEqual(['READY', 'GUILD_CREATE', 'GUILD_CREATE', 'MESSAGE_CREATE']);
    const [, ready, guild] = gateway.frames;
    expect(ready).toMatchObject({
      s: 1,
      d: {
        v: 10,
        user: { id: one.id, username: 'one (simulated)', discriminator: '0', bot: true },
        resume_gateway_url: discord.gatewayUrl,
        guilds: [first.id, second.id].map((id) => ({ id, unavailable: true })),
        application: { id: one.id, flags: 0 },
        ...{ private_channels: [], shard: [0, 1] },
        _trace: ['This is a simulated Discord on this machine. It is not discord.com.'],
      },
    });
    expect(guild).toMatchObject({
      s: 2,
      d: { id: first.id, name: 'First', unavailable: false, member_count: 4, threads: [] },
    });
  });

  it('is accepted with "Bot " before the token, and without an encoding', async () => {
    const gateway = await connect('/?v=9');
    gateway.identify(`Bot ${one.token}`, 1);
    expect((await gateway.event('READY')).s).toBe(1);
  });

  it('receives plain text although it asked for compression', async () => {
    const gateway = await connect('/?v=10&encoding=json&compress=zlib-stream');
    gateway.identify(one.token, 1, { compress: true });
    expect((await gateway.event('READY')).s).toBe(1);
  });

  it('sees only guilds that its bot is in', async () => {
    const { gateway } = await ready({ token: other.token });
    await discord.control.say(first.id, 'not for the other');
    await discord.control.say(second.id, 'for both');
    const { d } = await gateway.event('MESSAGE_CREATE');
    expect(d).toMatchObject({ content: 'for both', guild_id: second.id });
  });

  it('answers a heartbeat before IDENTIFY', async () => {
    const gateway = await connect();
    gateway.send(1, null);
    expect(await gateway.op(11)).toEqual({ op: 11, d: null, s: null, t: null });
  });
});

describe('the gateway closes a connection', () => {
  const identify = { token: one.token, intents: 1, properties: { os: 'linux' } };
  it.each([
    [
      4001,
      'for an unknown opcode',
      [
        [2, identify],
        [99, {}],
      ],
    ],
    [4002, 'for a frame of more than 4,096 bytes', [[2, { ...identify, x: 'x'.repeat(4_096) }]]],
    [4003, 'for a request before IDENTIFY', [[8, { guild_id: first.id }]]],
    [4004, 'for an unknown token', [[2, { ...identify, token: 'unknown' }]]],
    [4004, 'for a RESUME with an unknown token', [[6, { token: 'x', session_id: 'y', seq: 1 }]]],
    [
      4005,
      'for a second IDENTIFY',
      [
        [2, identify],
        [2, identify],
      ],
    ],
    [4010, 'for a shard that does not exist', [[2, { ...identify, shard: [2, 2] }]]],
    [4013, 'for intents that do not exist', [[2, { ...identify, intents: 2 ** 30 }]]],
    [4013, 'for a missing number of intents', [[2, { ...identify, intents: undefined }]]],
  ] as const)('with %i %s', async (code, _why, frames) => {
    const gateway = await connect();
    for (const [op, d] of frames) gateway.send(op, d);
    expect((await gateway.closed)[0]).toBe(code);
  });

  it('with 4002 for a frame that is no JSON', async () => {
    const gateway = await connect();
    gateway.socket.send('{');
    expect((await gateway.closed)[0]).toBe(4002);
  });

  it('with 4008 for the 121st frame of a minute', async () => {
    const gateway = await connect();
    for (let count = 0; count <= 120; count++) gateway.send(1, null);
    expect((await gateway.closed)[0]).toBe(4008);
  });
});

describe('RESUME', () => {
  it('replays what was missed after a cut, once and in order', async () => {
    const { gateway, sessionId } = await ready();
    await discord.control.say(first.id, 'seen');
    const { s } = await gateway.event('MESSAGE_CREATE');
    gateway.socket.terminate();
    await discord.control.say(first.id, 'missed 1');
    await discord.control.say(first.id, 'missed 2');
    const again = await connect();
    again.send(6, { token: one.token, session_id: sessionId, seq: s });
    await again.event('RESUMED');
    await discord.control.say(first.id, 'after');
    await again.event('MESSAGE_CREATE');
    const events = again.frames.filter(({ op }) => op === 0);
    expect(events.map(({ t, d }) => (t === 'MESSAGE_CREATE' ? d.content : t))).toEqual([
      ...['missed 1', 'missed 2', 'RESUMED', 'after'],
    ]);
    expect(events.map((event) => event.s)).toEqual([1, 2, 3, 4].map((n) => s! + n));
  });

  it('takes a session over from a connection that is still open', async () => {
    const { gateway, sessionId } = await ready();
    const again = await connect();
    again.send(6, { token: one.token, session_id: sessionId, seq: 3 });
    await again.event('RESUMED');
    expect((await gateway.closed)[0]).toBe(4000);
    await discord.control.say(first.id, 'to the newer');
    expect((await again.event('MESSAGE_CREATE')).d.content).toBe('to the newer');
  });

  it('of an ended or unknown session, or of another bot, is invalid', async () => {
    const { gateway, sessionId } = await ready();
    const foreign = await connect();
    foreign.send(6, { token: other.token, session_id: sessionId, seq: 1 });
    expect((await foreign.op(9)).d).toBe(false);
    gateway.socket.close(1_000);
    await gateway.closed;
    const again = await connect();
    again.send(6, { token: one.token, session_id: sessionId, seq: 1 });
    expect((await again.op(9)).d).toBe(false);
    // The same connection may begin a new session.
    again.identify(one.token, 1);
    expect((await again.event('READY')).s).toBe(1);
  });

  it('with a number from the future closes the connection with 4007', async () => {
    const { gateway, sessionId } = await ready();
    gateway.socket.terminate();
    const again = await connect();
    again.send(6, { token: one.token, session_id: sessionId, seq: 1_000 });
    expect((await again.closed)[0]).toBe(4007);
  });
});

describe('events', () => {
  it('reach a session by its intents', async () => {
    const { gateway } = await ready({ intents: INTENT.guilds });
    await discord.control.say(first.id, 'not asked for');
    await simulation.rest('POST', `/guilds/${first.id}/roles`, { name: 'asked for' });
    await gateway.event('GUILD_ROLE_CREATE');
    expect(gateway.types()).toEqual([
      ...['READY', 'GUILD_CREATE', 'GUILD_CREATE', 'GUILD_ROLE_CREATE'],
    ]);
  });

  it('hide the content from a bot without that intent, unless it is mentioned', async () => {
    const { gateway } = await ready({ intents: INTENT.guildMessages });
    await discord.control.say(first.id, 'secret');
    await discord.control.say(first.id, `for <@${one.id}>`);
    expect((await gateway.event('MESSAGE_CREATE')).d).toMatchObject({ content: '', embeds: [] });
    const { d } = await gateway.event('MESSAGE_CREATE');
    expect(d).toMatchObject({ content: `for <@${one.id}>`, mentions: [{ id: one.id }] });
  });

  it('reach the shard of their guild', async () => {
    const isFirst = Number((BigInt(first.id) >> 22n) % 2n);
    const { gateway } = await ready({ shard: [isFirst, 2] });
    const ids = gateway.frames.filter(({ t }) => t === 'GUILD_CREATE').map(({ d }) => d.id);
    const all = [first.id, second.id].filter((id) => Number((BigInt(id) >> 22n) % 2n) === isFirst);
    expect(ids).toEqual(all);
  });
});

describe('a request for members', () => {
  const names = ({ members }: WireObject): string[] => members.map(({ user }) => user.username);

  it('is answered in chunks, also where the id of the guild is a number', async () => {
    const { gateway } = await ready();
    gateway.socket.send(`{"op":8,"d":{"guild_id":${first.id},"query":"","limit":0,"nonce":"n"}}`);
    const { d } = await gateway.event('GUILD_MEMBERS_CHUNK');
    expect(d).toMatchObject({ guild_id: first.id, chunk_index: 0, chunk_count: 1, nonce: 'n' });
    expect(names(d)).toEqual(['owner of First (simulated)', 'Ada', 'Grace', 'one (simulated)']);
    gateway.send(8, { guild_id: first.id, query: '', limit: 0, nonce: 'again' });
    const limited = await gateway.event('RATE_LIMITED');
    const meta = { guild_id: first.id, nonce: 'again' };
    expect(limited.d).toMatchObject({ opcode: 8, meta });
  });

  it('by name and by id finds those members, and names the unknown', async () => {
    const { gateway } = await ready();
    gateway.send(8, { guild_id: first.id, query: 'gr', limit: 5 });
    expect(names((await gateway.event('GUILD_MEMBERS_CHUNK')).d)).toEqual(['Grace']);
    gateway.send(8, { guild_id: first.id, user_ids: [one.id, '1'], limit: 0 });
    const { d } = await gateway.event('GUILD_MEMBERS_CHUNK');
    expect(names(d)).toEqual(['one (simulated)']);
    expect(d.not_found).toEqual(['1']);
  });

  it('for all of them needs the intent', async () => {
    const { gateway } = await ready({ intents: INTENT.guilds });
    gateway.send(8, { guild_id: second.id, query: '', limit: 0 });
    await gateway.settled();
    expect(gateway.types()).not.toContain('GUILD_MEMBERS_CHUNK');
  });
});

describe('a disturbance', () => {
  it('asks every client to reconnect, and the session can be resumed', async () => {
    const { gateway, sessionId } = await ready();
    await discord.control.disturb('reconnect');
    expect((await gateway.op(7)).d).toBe(null);
    gateway.socket.close(4_000);
    await gateway.closed;
    const again = await connect();
    again.send(6, { token: one.token, session_id: sessionId, seq: 3 });
    await again.event('RESUMED');
  });

  it('ends sessions', async () => {
    const { gateway } = await ready();
    await discord.control.disturb('invalidate');
    expect((await gateway.op(9)).d).toBe(false);
  });
});

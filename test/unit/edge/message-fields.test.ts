/** The fields of a message that a bot may give, and whom it mentions. */
import { describe, expect, it } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { simulate, type Reply } from '../../support/simulated-discord.js';

const { discord, first, second, one, rest, ready } = await simulate();
const messagesOf = (channel: string): string => `/channels/${channel}/messages`;
const send = (body: unknown, channel: string): Promise<Reply> =>
  rest('POST', messagesOf(channel), body);
/** A new channel for each test: five messages in five seconds is the limit of one. */
async function channel(): Promise<string> {
  const { body } = await rest('POST', `/guilds/${first.id}/channels`, { name: 'fields' });
  return body.id;
}
const { body: guild } = await rest('GET', `/guilds/${first.id}`);
const owner = guild.owner_id;

describe('a message keeps', () => {
  it('of its flags only those that a bot may set, and ignores "ephemeral"', async () => {
    const to = await channel();
    const flags = (1 << 0) | (1 << 2) | (1 << 6) | (1 << 7) | (1 << 12);
    const { body } = await send({ content: 'x', flags }, to);
    expect(body.flags).toBe((1 << 2) | (1 << 12));
    const edited = await rest('PATCH', `${messagesOf(to)}/${body.id}`, { flags: 1 << 6 });
    expect(edited.body).toMatchObject({ flags: 0, content: 'x' });
  });

  it('one embed under its old name, and its components', async () => {
    const to = await channel();
    const embed = { title: 't', footer: { text: 'f' }, fields: [{ name: 'n', value: 'v' }] };
    expect((await send({ embed }, to)).body.embeds).toEqual([{ type: 'rich', ...embed }]);
    const components = [{ type: 1, components: [] }];
    expect((await send({ components }, to)).body).toMatchObject({ content: '', components });
    expect((await send({ embed: {} }, to)).body.code).toBe(50006);
  });

  it('a poll, which is content enough', async () => {
    const poll = { question: { text: 'Which?' }, answers: [] };
    expect((await send({ poll }, await channel())).body).toMatchObject({ content: '', poll });
  });

  it('a nonce as the number that was sent, and none of another kind', async () => {
    const to = await channel();
    expect((await send({ content: 'x', nonce: 7 }, to)).body.nonce).toBe(7);
    expect((await send({ content: 'x', nonce: [] }, to)).body).not.toHaveProperty('nonce');
    const unnamed = { content: 'x', enforce_nonce: true };
    const [a, b] = [await send(unnamed, to), await send(unnamed, to)];
    expect(b.body.id).not.toBe(a.body.id);
  });

  it('the names of files that the body gives, and a kind for each', async () => {
    const form = new FormData();
    const attachments = [{ id: 3, filename: 'given.bin', description: 'third' }];
    form.set('payload_json', JSON.stringify({ attachments }));
    form.set('files[3]', new Blob(['abc']), 'sent.bin');
    form.set('file', new Blob(['de'], { type: 'image/png' }), 'old.png');
    const { body } = await send(form, await channel());
    const kind = 'application/octet-stream';
    expect(body.attachments).toMatchObject([
      { filename: 'given.bin', size: 3, content_type: kind, description: 'third' },
      { filename: 'old.png', size: 2, content_type: 'image/png' },
    ]);
    expect((body.attachments as object[])[1]).not.toHaveProperty('description');
  });

  it('a file whose name is no valid text, with that name mended', async () => {
    const form = new FormData();
    const attachments = [{ id: 0, filename: 'a\ud83d.png' }];
    form.set('payload_json', JSON.stringify({ attachments }));
    form.set('files[0]', new Blob(['abc']), 'sent.png');
    const { status, body } = await send(form, await channel());
    expect(status).toBe(200);
    const [{ filename, url }] = body.attachments as [{ filename: string; url: string }];
    expect(filename).toBe('a\ufffd.png');
    expect(url).toMatch(/\/a%EF%BF%BD\.png$/);
  });

  it('after an edit its content or its new files, whichever is not given again', async () => {
    const to = await channel();
    const { body: sent } = await send({ content: 'kept' }, to);
    const form = new FormData();
    form.set('payload_json', '{}');
    form.set('files[0]', new Blob(['abc'], { type: 'text/plain' }), 'plan.txt');
    const path = `${messagesOf(to)}/${sent.id}`;
    const { body } = await rest('PATCH', path, form);
    expect(body).toMatchObject({ content: 'kept', attachments: [{ filename: 'plan.txt' }] });
    const { body: again } = await rest('PATCH', path, { content: 'new' });
    expect([again.content, again.attachments]).toEqual(['new', body.attachments]);
  });
});

describe('a message counts the texts of its embeds', () => {
  const half = 'x'.repeat(3_001);
  it.each([
    ['titles and descriptions', [{ title: half, description: half }]],
    ['the texts of footers', [{ title: half, footer: { text: half } }]],
    ['the names of authors', [{ title: half, author: { name: half } }]],
    ['the names and values of fields', [{ fields: [{ name: half, value: half }] }]],
    ['those of all embeds together', [{ title: half }, { title: half }]],
  ])('%s', async (_what, embeds) => {
    const { status, body } = await send({ embeds }, await channel());
    expect([status, body.code]).toEqual([400, 50035]);
    expect(body.errors).toMatchObject({
      embeds: { _errors: [{ code: 'MAX_EMBED_SIZE_EXCEEDED' }] },
    });
  });
});

describe('a forward', () => {
  it('needs no content, and holds a snapshot of the message', async () => {
    const [from, to] = [await channel(), await channel()];
    const { body: sent } = await send({ content: 'news' }, from);
    const reference = { type: 1, message_id: sent.id, channel_id: from };
    const { body } = await send({ message_reference: reference }, to);
    expect(body).toMatchObject({
      ...{ type: 0, content: '', message_reference: { ...reference, guild_id: first.id } },
      message_snapshots: [{ message: { type: 0, content: 'news', timestamp: sent.timestamp } }],
    });
    expect(body).not.toHaveProperty('referenced_message');
  });

  it('from another guild, or of nothing, is refused', async () => {
    const { id } = await discord.control.say(second.id, 'elsewhere');
    const to = await channel();
    for (const [message_id, channel_id] of [
      [id, second.channelIds[0]],
      [undefined, to],
      ['1', '1'],
    ]) {
      const message_reference = { type: 1, message_id, channel_id };
      expect((await send({ message_reference }, to)).body.code).toBe(50035);
    }
    expect((await send({ content: 'x', message_reference: null }, to)).body.type).toBe(0);
  });
});

describe('a mention', () => {
  it('is allowed by id for users and roles, and only by kind for everyone', async () => {
    const content = `@here <@${one.id}> <@!${owner}> <@&${first.id}>`;
    const mentioned = async (allowed_mentions: unknown): Promise<unknown[]> => {
      const { body } = await send({ content, allowed_mentions }, await channel());
      return [body.mention_everyone, body.mentions.map(({ id }) => id), body.mention_roles];
    };
    expect(await mentioned({ users: [owner] })).toEqual([false, [owner], []]);
    expect(await mentioned({ roles: [first.id] })).toEqual([false, [], [first.id]]);
    expect(await mentioned({ parse: ['everyone'] })).toEqual([true, [], []]);
    expect(await mentioned({ everyone: [''] })).toEqual([false, [], []]);
    expect(await mentioned(null)).toEqual([true, [one.id, owner], [first.id]]);
  });

  it('of the author of the answered message can be left out', async () => {
    const to = await channel();
    const { id } = await discord.control.say(first.id, 'question', to);
    const reply = { content: 'answer', message_reference: { message_id: id } };
    const mentions = async (allowed_mentions: object): Promise<unknown[]> =>
      (await send({ ...reply, allowed_mentions }, to)).body.mentions.map((user) => user.id);
    expect(await mentions({ parse: [] })).toEqual([]);
    expect(await mentions({ parse: [], replied_user: false })).toEqual([]);
    expect(await mentions({ parse: [], replied_user: true })).toEqual([owner]);
  });

  it('comes with the member in an event of a guild, without one in a direct channel', async () => {
    const { gateway } = await ready();
    const content = `<@${owner}> <@1>`;
    await send({ content }, await channel());
    const { d: there } = await gateway.event('MESSAGE_CREATE');
    expect(there.mentions).toMatchObject([{ id: owner, member: { nick: null } }]);
    const open = { recipient_id: owner };
    const { body: direct } = await rest('POST', '/users/@me/channels', open);
    await send({ content: `${content} <@&${first.id}>` }, direct.id);
    const { d } = await gateway.event('MESSAGE_CREATE');
    expect(d.mentions).toMatchObject([{ id: owner }]);
    expect(d.mentions[0]).not.toHaveProperty('member');
    expect(d.mention_roles).toEqual([]);
  });
});

describe('a reaction', () => {
  it('with a custom emoji has its id and name, and counts once', async () => {
    const to = await channel();
    const { id } = await discord.control.say(first.id, 'react', to);
    const path = `${messagesOf(to)}/${id}`;
    const custom = `${path}/reactions/party:123`;
    expect((await rest('GET', custom)).body).toEqual([]);
    expect((await rest('DELETE', `${custom}/${owner}`)).status).toBe(204);
    expect((await rest('PUT', `${custom}/@me`)).status).toBe(204);
    await delay(300); // One reaction in 250 ms is the limit.
    expect((await rest('PUT', `${custom}/@me`)).status).toBe(204);
    expect((await rest('GET', path)).body.reactions).toMatchObject([
      { count: 1, emoji: { id: '123', name: 'party' } },
    ]);
  });

  it('is removed with all others of the message', async () => {
    const { gateway } = await ready();
    const to = await channel();
    const { id } = await discord.control.say(first.id, 'react', to);
    const path = `${messagesOf(to)}/${id}`;
    const heart = `${path}/reactions/${encodeURIComponent('❤️')}`;
    await rest('PUT', `${heart}/@me`);
    expect((await rest('DELETE', `${path}/reactions`)).status).toBe(204);
    expect((await gateway.event('MESSAGE_REACTION_REMOVE_ALL')).d).toEqual({
      ...{ message_id: id, channel_id: to, guild_id: first.id },
    });
    expect((await rest('GET', path)).body.reactions).toEqual([]);
    expect((await rest('GET', heart)).body).toEqual([]);
  });
});

/** Messages of simulated Discord, by REST and as events. */
import { describe, expect, it } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { simulate, type Reply } from '../../support/simulated-discord.js';

const { discord, first, second, one, rest, ready } = await simulate();
const [general = '', more = ''] = first.channelIds;
const messagesOf = (channel: string): string => `/channels/${channel}/messages`;
const send = (body: unknown, channel = general): Promise<Reply> =>
  rest('POST', messagesOf(channel), body);
/** A new channel for each test: five messages in five seconds is the limit of one. */
async function channel(): Promise<string> {
  const { body } = await rest('POST', `/guilds/${first.id}/channels`, { name: 'messages' });
  return body.id;
}

describe('a message', () => {
  it('is answered as it is stored, and arrives as an event with guild and member', async () => {
    const { gateway } = await ready();
    const to = await channel();
    const reply = await send({ content: 'hello', nonce: '7', embeds: [{ title: 't' }] }, to);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      ...{ channel_id: to, content: 'hello', nonce: '7', type: 0, flags: 0, pinned: false },
      ...{ author: { id: one.id, bot: true }, embeds: [{ type: 'rich', title: 't' }] },
      ...{ edited_timestamp: null, mentions: [], attachments: [] },
    });
    const { d } = await gateway.event('MESSAGE_CREATE');
    const expected = { ...reply.body, guild_id: first.id, member: d.member };
    expect(d).toEqual(expected);
    expect(d.member).not.toHaveProperty('user');
    expect((await rest('GET', `${messagesOf(to)}/${d.id}`)).body).toEqual(reply.body);
  });

  it('of a person is read by the bot, and answered with a reply', async () => {
    const { gateway } = await ready();
    const said = await discord.control.say(first.id, 'question', more);
    const { d } = await gateway.event('MESSAGE_CREATE');
    expect([d.id, d.content, d.author.bot]).toEqual([said.id, 'question', false]);
    const reference = { message_id: said.id, channel_id: more };
    const { body } = await send({ content: 'answer', message_reference: reference }, more);
    expect(body).toMatchObject({
      ...{ type: 19, referenced_message: { id: said.id, content: 'question' } },
      message_reference: { ...reference, guild_id: first.id },
      mentions: [{ id: d.author.id }],
    });
    const all = await discord.control.messages(first.id);
    expect(all.slice(-2)).toEqual([
      said,
      { id: body.id, author: 'one (simulated)', content: 'answer', channelId: more },
    ]);
  });

  it('is edited and deleted by its author, each an event', async () => {
    const { gateway } = await ready();
    const to = await channel();
    const { id } = (await send({ content: 'first' }, to)).body;
    const path = `${messagesOf(to)}/${id}`;
    const edited = await rest('PATCH', path, { content: 'second' });
    expect(edited.body.content).toBe('second');
    expect(edited.body.edited_timestamp).toMatch(/^20.*\+00:00$/);
    expect((await gateway.event('MESSAGE_UPDATE')).d).toMatchObject({ id, content: 'second' });
    expect((await rest('DELETE', path)).status).toBe(204);
    expect((await gateway.event('MESSAGE_DELETE')).d).toEqual({
      ...{ id, channel_id: to, guild_id: first.id },
    });
    expect((await rest('GET', path)).body).toEqual({ message: 'Unknown Message', code: 10008 });
    const { id: foreign } = await discord.control.say(first.id, 'not yours', to);
    const refused = await rest('PATCH', `${messagesOf(to)}/${foreign}`, { content: 'x' });
    expect([refused.status, refused.body.code]).toEqual([403, 50005]);
  });

  it('mentions only what it may', async () => {
    const to = await channel();
    const content = `@everyone <@${one.id}> <@&${first.id}>`;
    const all = (await send({ content }, to)).body;
    expect([all.mention_everyone, all.mentions.length, all.mention_roles]).toEqual([
      ...[true, 1, [first.id]],
    ]);
    const some = (await send({ content, allowed_mentions: { parse: ['users'] } }, to)).body;
    expect([some.mention_everyone, some.mentions.length, some.mention_roles]).toEqual([
      ...[false, 1, []],
    ]);
    const none = (await send({ content, allowed_mentions: { parse: [] } }, to)).body;
    expect([none.mention_everyone, none.mentions]).toEqual([false, []]);
  });

  it('is sent once for a repeated nonce', async () => {
    const to = await channel();
    const body = { content: 'once', nonce: 'n', enforce_nonce: true };
    const [a, b] = [await send(body, to), await send(body, to)];
    expect(b.body.id).toBe(a.body.id);
  });

  it('has its files described', async () => {
    const form = new FormData();
    const payload = { content: 'files', attachments: [{ id: 0, description: 'a plan' }] };
    form.set('payload_json', JSON.stringify(payload));
    form.set('files[0]', new Blob(['abc'], { type: 'text/plain' }), 'plan.txt');
    const { body } = await send(form, await channel());
    expect(body.content).toBe('files');
    expect(body.attachments).toMatchObject([
      { filename: 'plan.txt', size: 3, content_type: 'text/plain', description: 'a plan' },
    ]);
  });
});

describe('a message is refused', () => {
  const long = 'x'.repeat(2_001);
  it.each([
    [50006, {}],
    [50006, { content: '' }],
    [50035, { content: long }],
    [50035, { content: 'x', nonce: 'n'.repeat(26) }],
    [50035, { embeds: Array.from({ length: 11 }, () => ({ title: 't' })) }],
    [50035, { embeds: [{ description: 'd'.repeat(6_001) }] }],
    [50035, { content: 'x', message_reference: { message_id: '1' } }],
  ])('with code %i: %o', async (code, body) => {
    const { body: refused, status } = await send(body, await channel());
    expect([status, refused.code]).toEqual([400, code]);
  });

  it('with the place of the fault', async () => {
    const { body } = await send({ content: long }, await channel());
    const fault = { code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 2000 or fewer in length.' };
    expect(body).toEqual({
      ...{ code: 50035, message: 'Invalid Form Body' },
      errors: { content: { _errors: [fault] } },
    });
  });

  it('unless a reply to nothing may be a plain message', async () => {
    const message_reference = { message_id: '1', fail_if_not_exists: false };
    const { body } = await send({ content: 'x', message_reference }, await channel());
    expect(body.type).toBe(0);
  });
});

describe('the messages of a channel', () => {
  it('come in pages, the newest first', async () => {
    const to = await channel();
    for (const text of ['1', '2', '3', '4', '5']) await discord.control.say(first.id, text, to);
    const page = async (query: string): Promise<unknown[]> => {
      const { list } = await rest('GET', `${messagesOf(to)}?${query}`);
      return list.map(({ content }) => content);
    };
    expect(await page('')).toEqual(['5', '4', '3', '2', '1']);
    const { list } = await rest('GET', `${messagesOf(to)}?limit=3`);
    const ids = list.map(({ id }) => id);
    expect(await page(`before=${ids[2]!}&limit=1`)).toEqual(['2']);
    expect(await page(`after=${ids[2]!}&limit=1`)).toEqual(['4']);
    expect(await page(`around=${ids[2]!}&limit=3`)).toEqual(['4', '3', '2']);
    expect((await rest('GET', `${messagesOf(to)}?limit=101`)).body.code).toBe(50035);
    expect((await rest('GET', `${messagesOf(to)}?before=x`)).body.code).toBe(50035);
  });

  it('are deleted together', async () => {
    const { gateway } = await ready();
    const to = await channel();
    const ids: string[] = [];
    for (const text of ['1', '2']) ids.push((await discord.control.say(first.id, text, to)).id);
    const path = `${messagesOf(to)}/bulk-delete`;
    expect((await rest('POST', path, { messages: ids.slice(1) })).body.code).toBe(50016);
    expect((await rest('POST', path, { messages: ids })).status).toBe(204);
    expect((await gateway.event('MESSAGE_DELETE_BULK')).d).toEqual({
      ...{ ids, channel_id: to, guild_id: first.id },
    });
  });
});

it('a reaction is an event, is counted once, and can be taken back', async () => {
  const { gateway } = await ready();
  const [to = ''] = second.channelIds;
  const { id } = await discord.control.say(second.id, 'react', to);
  const path = `${messagesOf(to)}/${id}/reactions`;
  const heart = `${path}/${encodeURIComponent('❤️')}`;
  expect((await rest('PUT', `${heart}/@me`)).status).toBe(204);
  const { d } = await gateway.event('MESSAGE_REACTION_ADD');
  expect(d).toMatchObject({ user_id: one.id, message_id: id, emoji: { id: null, name: '❤️' } });
  expect((await rest('GET', heart)).body).toMatchObject([{ id: one.id }]);
  expect((await rest('GET', `${messagesOf(to)}/${id}`)).body.reactions).toMatchObject([
    { count: 1, me: true, emoji: { name: '❤️' } },
  ]);
  // One reaction in 250 ms is the limit.
  await delay(300);
  expect((await rest('PUT', `${path}/plain/@me`)).body.code).toBe(10014);
  expect((await rest('DELETE', `${heart}/@me`)).status).toBe(204);
  await gateway.event('MESSAGE_REACTION_REMOVE');
  expect((await rest('GET', `${messagesOf(to)}/${id}`)).body.reactions).toEqual([]);
});

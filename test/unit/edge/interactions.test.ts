/** Interactions: a person uses a command, the bot answers within 3 seconds and follows up. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SlashResult } from '../../../edge/simulated/control/control.js';
import type { WireObject } from '../../support/bare-gateway.js';
import { simulate, type Reply } from '../../support/simulated-discord.js';

const simulation = await simulate({ answerWithinMs: 1_000 });
const { discord, first, one, rest } = simulation;
const COMMANDS = `/applications/${one.id}/guilds/${first.id}/commands`;
const rank = {
  ...{ name: 'rank', description: 'd' },
  options: [
    {
      ...{ type: 1, name: 'show', description: 'd' },
      options: [
        { type: 6, name: 'member', description: 'd', required: true },
        { type: 4, name: 'places', description: 'd' },
        { type: 5, name: 'quiet', description: 'd' },
      ],
    },
  ],
};
await rest('PUT', COMMANDS, [rank, { name: 'ping', description: 'd' }]);

interface Used {
  readonly d: WireObject;
  readonly result: Promise<SlashResult>;
  /** Answers without a bot token, as most libraries do. */
  readonly answer: (type: number, data?: object, query?: string) => Promise<Reply>;
  /** A follow-up, or its messages. */
  readonly follow: (method: string, path: string, body?: unknown) => Promise<Reply>;
}

async function use(command = 'ping', options = {}): Promise<Used> {
  const { gateway } = await simulation.ready();
  onTestFinished(() => gateway.socket.close(1_000));
  const result = discord.control.slash(first.id, command, options);
  const { d } = await gateway.event('INTERACTION_CREATE');
  return using(d, result);
}

function using(d: WireObject, result: Promise<SlashResult>): Used {
  const token = null;
  return {
    ...{ d, result },
    answer: (type, data, query = '') =>
      rest('POST', `/interactions/${d.id}/${d.token}/callback${query}`, { type, data }, token),
    follow: (method, path, body) =>
      rest(method, `/webhooks/${one.id}/${d.token}${path}`, body, token),
  };
}

describe('a slash command', () => {
  it('reaches the bot with its options read by their types', async () => {
    const { d, answer } = await use('rank show', { member: one.id, places: '3', quiet: 'true' });
    expect(d).toMatchObject({
      ...{ type: 2, application_id: one.id, guild_id: first.id, version: 1 },
      channel_id: first.channelIds[0],
      member: { user: { username: 'owner of First (simulated)' } },
      data: {
        ...{ name: 'rank', type: 1, guild_id: first.id },
        options: [
          {
            ...{ name: 'show', type: 1 },
            options: [
              { name: 'member', type: 6, value: one.id },
              { name: 'places', type: 4, value: 3 },
              { name: 'quiet', type: 5, value: true },
            ],
          },
        ],
        resolved: { users: { [one.id]: { bot: true } }, members: { [one.id]: { nick: null } } },
      },
    });
    expect((await answer(4, { content: 'seen' })).status).toBe(204);
  });

  it.each([
    ['rank', {}, 'one of its subcommands is needed: show'],
    ['rank show', {}, 'the option member is required'],
    ['rank show', { member: '1' }, '1 is none'],
    ['rank show', { member: one.id, places: 'many' }, 'the option places is a number'],
    ['ping', { x: '1' }, 'there is no option x'],
    ['unknown', {}, 'Unknown application command'],
  ])('%s with %o is refused', async (command, options, message) => {
    const refused = discord.control.slash(first.id, command, options);
    const error = (await refused.catch((thrown: unknown) => thrown)) as Error;
    expect(`${error.message} ${JSON.stringify(error)}`).toContain(message);
  });

  it('is answered with a message, and its person sees the answer', async () => {
    const { d, answer, result } = await use();
    const reply = await answer(4, { content: 'pong' }, '?with_response=true');
    expect(reply.body).toMatchObject({
      interaction: { id: d.id, type: 2, response_message_loading: false },
      resource: { type: 4, message: { content: 'pong', type: 20, application_id: one.id } },
    });
    expect(await result).toMatchObject({
      ...{ id: d.id, state: 'answered', answer: { content: 'pong', author: 'one (simulated)' } },
    });
  });

  it('is acknowledged without a message, and a deferral says that its message is loading', async () => {
    const { d, answer } = await use();
    expect((await answer(1, undefined, '?with_response=1')).body).toEqual({
      ...{ interaction: { id: d.id, type: 2 }, resource: { type: 1 } },
    });
    const late = await use();
    const { body } = await late.answer(5, { flags: 64 }, '?with_response=true');
    expect(body).toMatchObject({
      interaction: { response_message_loading: true, response_message_ephemeral: true },
      resource: { type: 5, message: { flags: 192 } },
    });
  });

  it('is answered late after a deferral: the first follow-up becomes the answer', async () => {
    const { answer, follow, result } = await use();
    expect((await answer(5, { flags: 64 })).status).toBe(204);
    const loading = (await follow('GET', '/messages/@original')).body;
    expect(loading).toMatchObject({ flags: 192, content: '' });
    const first = (await follow('POST', '', { content: 'at last' })).body;
    expect(first).toMatchObject({ id: loading.id, flags: 64, content: 'at last' });
    const second = (await follow('POST', '?wait=true', { content: 'and more' })).body;
    expect(second.id).not.toBe(first.id);
    expect(await result).toMatchObject({ state: 'answered', answer: { content: 'at last' } });
  });

  it('has an answer that is changed and deleted', async () => {
    const { answer, follow } = await use();
    await answer(4, { content: 'pong' });
    const changed = await follow('PATCH', '/messages/@original', { content: 'changed' });
    expect(changed.body.content).toBe('changed');
    expect((await follow('DELETE', '/messages/@original')).status).toBe(204);
    expect((await follow('GET', '/messages/@original')).body.code).toBe(10008);
  });

  it('has an ephemeral answer that no channel shows, and an event without a guild', async () => {
    const { gateway } = await simulation.ready();
    const { answer } = await use();
    await answer(4, { content: 'only for you', flags: 64 });
    const { d } = await gateway.event('MESSAGE_CREATE');
    expect(d).toMatchObject({ content: 'only for you', flags: 64 });
    expect(d).not.toHaveProperty('guild_id');
    const path = `/channels/${first.channelIds[0]!}/messages`;
    const { list } = await rest('GET', path);
    expect(list.map(({ id }) => id)).not.toContain(d.id);
    expect((await rest('GET', `${path}/${d.id}`)).body.code).toBe(10008);
  });
});

describe('an answer is refused', () => {
  it('to an unknown interaction, and with another token', async () => {
    const { d } = await use();
    const callback = { type: 4, data: { content: 'x' } };
    const unknown = await rest('POST', '/interactions/1/token/callback', callback, null);
    expect([unknown.status, unknown.body.code]).toEqual([404, 10062]);
    const guessed = await rest('POST', `/interactions/${d.id}/guess/callback`, callback, null);
    expect([guessed.status, guessed.body.code]).toEqual([404, 10062]);
  });

  it('the second time', async () => {
    const { answer } = await use();
    await answer(4, { content: 'once' });
    const { status, body } = await answer(4, { content: 'twice' });
    expect([status, body.code]).toEqual([400, 40060]);
  });

  it('when it comes too late; the person is told', async () => {
    const { answer, result } = await use();
    expect(await result).toMatchObject({ state: 'unanswered', answer: null });
    const { status, body } = await answer(4, { content: 'late' });
    expect([status, body.code]).toEqual([404, 10062]);
  });

  it('of a kind that a command does not take, and without content', async () => {
    const { answer } = await use();
    expect((await answer(7, { content: 'x' })).body.code).toBe(50035);
    expect((await answer(4, {})).body.code).toBe(50006);
    expect((await answer(4, { content: 'now right' })).status).toBe(204);
  });

  it('as a follow-up before the callback', async () => {
    const { follow } = await use();
    const { status, body } = await follow('POST', '', { content: 'x' });
    expect([status, body.code]).toEqual([404, 10015]);
  });
});

describe('a button', () => {
  const components = [
    { type: 1, components: [{ type: 2, style: 1, label: 'Go', custom_id: 'go' }] },
  ];

  /** A message with a button, and the interaction after a press. */
  async function press(): Promise<Used & { readonly messageId: string }> {
    const { gateway } = await simulation.ready();
    onTestFinished(() => gateway.socket.close(1_000));
    const { body: channel } = await rest('POST', `/guilds/${first.id}/channels`, { name: 'x' });
    const path = `/channels/${channel.id}/messages`;
    const { body: message } = await rest('POST', path, { content: 'press', components });
    const result = discord.control.press(first.id, message.id, 'go');
    const { d } = await gateway.event('INTERACTION_CREATE');
    return { ...using(d, result), messageId: message.id };
  }

  it('reaches the bot with its message, which the answer changes', async () => {
    const { d, answer, result, messageId } = await press();
    expect(d).toMatchObject({
      ...{ type: 3, data: { custom_id: 'go', component_type: 2 } },
      message: { id: messageId, content: 'press' },
    });
    expect((await answer(7, { content: 'pressed', components: [] })).status).toBe(204);
    expect(await result).toMatchObject({ answer: { id: messageId, content: 'pressed' } });
  });

  it('is acknowledged, and its message is changed later', async () => {
    const { answer, follow, messageId } = await press();
    await answer(6);
    const { body } = await follow('PATCH', '/messages/@original', { content: 'later' });
    expect(body).toMatchObject({ id: messageId, content: 'later' });
    const { body: more } = await follow('POST', '', { content: 'a new message' });
    expect(more.id).not.toBe(messageId);
  });

  it('that does not exist cannot be pressed', async () => {
    const { messageId } = await press();
    const { id } = await discord.control.say(first.id, 'plain');
    for (const [message, customId] of [
      [messageId, 'stop'],
      [id, 'go'],
    ] as const) {
      const refused = discord.control.press(first.id, message, customId);
      await expect(refused).rejects.toMatchObject({ code: 50035 });
    }
    await expect(discord.control.press(first.id, '1', 'go')).rejects.toMatchObject({ code: 10008 });
  });
});

it('the token of an interaction ends after 15 minutes', async () => {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const own = await simulate({ now }, onTestFinished);
  const path = `/applications/${own.one.id}/commands`;
  await own.rest('POST', path, { name: 'ping', description: 'd' });
  const { gateway } = await own.ready();
  void own.discord.control.slash('First', 'ping');
  const { d } = await gateway.event('INTERACTION_CREATE');
  const body = { type: 4, data: { content: 'x' } };
  await own.rest('POST', `/interactions/${d.id}/${d.token}/callback`, body);
  ahead = 16 * 60_000;
  const late = await own.rest('POST', `/webhooks/${own.one.id}/${d.token}`, { content: 'x' });
  expect([late.status, late.body.code]).toEqual([401, 50027]);
});

import { describe, expect, it } from 'vitest';
import { REDACTED, withoutTokens, withoutTokensInText } from '../../../discord/redact.js';
import { summaryOf } from '../../../discord/summary.js';
import { corpus } from '../../../fixtures/events/index.js';

const events = corpus({
  ...{ guild: '1000000000000000001', otherGuild: '1000000000000000002' },
  ...{ user: '1000000000000000003', channel: '1000000000000000004' },
});

function documentOf(name: string): unknown {
  const event = events.find((one) => one.name === name);
  return JSON.parse(Buffer.from(event!.payload).toString());
}

const summary = (name: string) => summaryOf('', documentOf(name));
const dispatch = (t: string, d: unknown) => summaryOf('', { t, s: 1, op: 0, d });

describe('the summary of an event', () => {
  it('of a message has its author, its channel and its content', () => {
    const author = { id: '7', username: 'wren', global_name: 'Wren' };
    const message = { channel_id: '4', author, content: 'hello' };
    expect(dispatch('MESSAGE_CREATE', message)).toEqual({
      ...{ author: 'Wren', channel: '#4', text: 'hello' },
    });
    expect(dispatch('MESSAGE_CREATE', { ...message, member: { nick: 'W.' } })).toMatchObject({
      author: 'W.',
    });
    expect(dispatch('MESSAGE_CREATE', { author: { id: '7' } })).toMatchObject({ author: '7' });
  });

  it.each([
    [{ attachments: [{}, {}] }, '[attachments: 2]'],
    [{ content: 'see', embeds: [{}] }, 'see [embeds: 1]'],
    [{ sticker_items: [{ name: 'wave' }] }, '[sticker wave]'],
    [{ poll: { question: { text: 'tea?' } } }, '[poll: tea?]'],
    [{ content: '' }, '(no content)'],
    [{ content: '', type: 7 }, '(message type 7)'],
  ])('of a message that is %j is %s', (data, text) => {
    expect(dispatch('MESSAGE_CREATE', data)?.text).toBe(text);
  });

  it.each([
    ['interaction-slash-command', /^\/rank member=1000000000000000003 reason=\{"guild_id"/],
    ['interaction-autocomplete', /^\/rank reason=spr… \(typing\)$/],
    ['interaction-user-command', /^Show profile → \D/],
    ['interaction-button', /^button join$/],
    ['interaction-select-menu', /^select pick-roles = \d+$/],
    ['interaction-modal-submit', /^form feedback: \S+=/],
    ['flat-command-slash', /^\/rank$/],
    ['flat-command-button', /^button join$/],
  ])('of %s shows the person’s action', (name, text) => {
    expect(summary(name)?.text).toMatch(text);
  });

  it('of a subcommand names the whole command', () => {
    const options = [
      {
        name: 'role',
        type: 2,
        options: [{ name: 'add', type: 1, options: [{ name: 'to', value: 3 }] }],
      },
    ];
    expect(dispatch('INTERACTION_CREATE', { type: 2, data: { name: 'set', options } })?.text).toBe(
      '/set role add to=3',
    );
  });

  it.each([
    ['GUILD_MEMBER_ADD', { user: { username: 'wren' } }, { author: 'wren', text: '' }],
    ['GUILD_MEMBER_REMOVE', { user: { id: '7' } }, { author: '7', text: '' }],
    ['GUILD_MEMBER_UPDATE', { nick: 'W', roles: ['1', '2'] }, { text: 'nick W, roles: 2' }],
    [
      'MESSAGE_REACTION_ADD',
      { user_id: '7', message_id: '9', emoji: { id: null, name: '🔥' } },
      { author: '7', text: '🔥 on message 9' },
    ],
    [
      'MESSAGE_REACTION_REMOVE',
      { message_id: '9', emoji: { id: '1', name: 'parrot' } },
      { text: ':parrot: on message 9' },
    ],
    ['MESSAGE_DELETE', { id: '9', channel_id: '4' }, { channel: '#4', text: 'message 9' }],
    ['MESSAGE_DELETE_BULK', { ids: ['1', '2'] }, { text: 'messages: 2' }],
    ['GUILD_CREATE', { name: 'Friends', member_count: 3 }, { text: 'Friends (members: 3)' }],
    ['GUILD_DELETE', { id: '1', unavailable: true }, { text: '1 unavailable' }],
    ['GUILD_ROLE_CREATE', { role: { name: 'Mod' } }, { text: 'Mod' }],
    ['CHANNEL_CREATE', { name: 'general' }, { text: '#general' }],
    [
      'INVITE_CREATE',
      { code: 'abc', inviter: { username: 'wren' } },
      { author: 'wren', text: 'abc' },
    ],
    ['VOICE_STATE_UPDATE', { user_id: '7', channel_id: null }, { author: '7', text: 'left voice' }],
    [
      'PRESENCE_UPDATE',
      { status: 'dnd', activities: [{ name: 'Chess' }] },
      { text: 'dnd · Chess' },
    ],
    ['A_TYPE_OF_TOMORROW', { name: 'x', id: '1' }, { text: 'name=x id=1' }],
  ])('of %s from %j is short and informative', (type, data, expected) => {
    expect(dispatch(type, data)).toMatchObject(expected);
  });

  it('of a flat event of an ingestor is the same', () => {
    const flat = (event_type: string, data: object, more = {}) =>
      summaryOf('', { event_type, guild_id: '1', user_id: '7', data, ...more });
    expect(flat('message.create', { content: 'hi' }, { channel_id: '4' })).toEqual({
      ...{ author: '7', channel: '#4', text: 'hi' },
    });
    expect(flat('member.join', { user: { username: 'wren' } })).toMatchObject({ author: 'wren' });
    expect(flat('message.reaction.add', { emoji: '🔥', message_id: '9' })?.text).toBe(
      '🔥 on message 9',
    );
  });

  it('takes the type of the subject where the payload names none', () => {
    expect(summaryOf('MESSAGE_CREATE', { content: 'hi' })?.text).toBe('hi');
  });

  it('of every event of the catalogue has a text, an author or a channel, and no token', () => {
    for (const { name, subject, payload } of events) {
      let document: unknown;
      try {
        document = JSON.parse(Buffer.from(payload).toString());
      } catch {
        continue;
      }
      const found = summaryOf(subject.split('.').slice(2).join('.'), document);
      if (found === null) continue;
      expect(JSON.stringify(found), name).not.toMatch(/bm90LWEtdG9rZW4|not-a-token/);
    }
  });

  it.each([
    [null, null],
    ['text', null],
    [[], null],
    [{}, { author: null, channel: null, text: '' }],
    [{ t: 'MESSAGE_CREATE', d: [] }, { text: '(no content)' }],
    [
      { t: 'MESSAGE_CREATE', d: { author: 'x', content: { a: 1 }, attachments: 3 } },
      { author: null },
    ],
    [{ t: 'constructor', d: { toString: 1 } }, { text: '' }],
    [{ t: 'INTERACTION_CREATE', d: { data: { options: [null, 1, { options: {} }] } } }, {}],
  ])('of %j, which Discord does not send, does not fail', (document, expected) => {
    const found = summaryOf('', document);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatchObject(expected);
  });

  it('does not follow endless options', () => {
    let command: object = { name: 'x', type: 1 };
    for (let i = 0; i < 100; i += 1) command = { name: 'x', type: 1, options: [command] };
    expect(dispatch('INTERACTION_CREATE', { data: command })?.text).toBe('/x x x x x');
  });
});

describe('redaction', () => {
  it('removes the token of every interaction, webhook and voice server of the catalogue', () => {
    for (const name of ['interaction-slash-command', 'interaction-button', 'voice-server-update']) {
      const text = JSON.stringify(withoutTokens(documentOf(name)));
      expect(text).toContain(`"token":"${REDACTED}"`);
      expect(text).not.toMatch(/bm90LWEtdG9rZW4|not-a-token/);
    }
  });

  it('removes it from each place that an ingestor may use, and changes nothing else', () => {
    const before = {
      a: [{ token: 'x' }, { data: { token: 5, content: 'my "token": "x"' } }],
      token: null,
    };
    expect(withoutTokens(before)).toEqual({
      a: [{ token: REDACTED }, { data: { token: REDACTED, content: 'my "token": "x"' } }],
      token: null,
    });
    const own = JSON.parse('{"__proto__":{"token":"x"}}') as unknown;
    expect(JSON.stringify(withoutTokens(own))).toBe(`{"__proto__":{"token":"${REDACTED}"}}`);
  });

  it.each([
    ['{"t":"INTERACTION_CREATE","d":{"token":"abc"', `"token":"${REDACTED}"`],
    ['{"d":{"token" : "a\\"bc","x":', `"token" : "${REDACTED}","x":`],
    ['{"d":{"token":"abc', `"token":"${REDACTED}"`],
  ])('takes it out of %s, which was cut', (payload, rest) => {
    const text = withoutTokensInText(payload);
    expect(text).toContain(rest);
    expect(text).not.toContain('bc');
  });
});

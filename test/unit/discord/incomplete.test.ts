/** The summary of events whose fields are absent: an ingestor may leave any of them out. */
import { describe, expect, it } from 'vitest';
import { summaryOf } from '../../../discord/summary.js';

const textOf = (t: string, d: object): string | undefined =>
  summaryOf('', { t, s: 1, op: 0, d })?.text;

describe('the summary of an event', () => {
  it.each([
    ['MESSAGE_CREATE', '(no content)'],
    ['MESSAGE_DELETE', 'message ?'],
    ['MESSAGE_DELETE_BULK', 'messages: 0'],
    ['MESSAGE_REACTION_ADD', '? on message ?'],
    ['MESSAGE_POLL_VOTE_ADD', 'answer ? on message ?'],
    ['MESSAGE_POLL_VOTE_REMOVE', 'answer ? on message ?'],
    ['GUILD_CREATE', ''],
    ['GUILD_DELETE', ' left'],
    ['GUILD_MEMBER_UPDATE', ''],
    ['GUILD_ROLE_DELETE', ''],
    ['CHANNEL_DELETE', '#?'],
    ['THREAD_MEMBERS_UPDATE', 'members: ?'],
    ['INVITE_CREATE', ''],
    ['INVITE_DELETE', ''],
    ['GUILD_AUDIT_LOG_ENTRY_CREATE', 'action ? on -'],
    ['AUTO_MODERATION_ACTION_EXECUTION', ''],
    ['VOICE_STATE_UPDATE', 'left voice'],
    ['VOICE_SERVER_UPDATE', 'no server'],
    ['PRESENCE_UPDATE', ''],
    ['INTERACTION_CREATE', 'interaction'],
  ])('%s without a field is %j', (type, text) => {
    expect(textOf(type, {})).toBe(text);
  });

  it.each([
    ['MESSAGE_CREATE', { sticker_items: [{}] }, '[sticker ]'],
    ['MESSAGE_CREATE', { type: 19 }, '(no content)'],
    ['MESSAGE_REACTION_ADD', { emoji: '🔥', message_id: 9 }, '🔥 on message 9'],
    ['GUILD_CREATE', { name: 'Lab', member_count: 3 }, 'Lab (members: 3)'],
    ['GUILD_DELETE', { id: '1', unavailable: true }, '1 unavailable'],
    ['GUILD_MEMBER_UPDATE', { new: { nick: 'W' } }, 'nick W'],
    ['GUILD_ROLE_CREATE', { role: { name: 'mods' } }, 'mods'],
    ['GUILD_AUDIT_LOG_ENTRY_CREATE', { action_type: 1, target_id: '2' }, 'action 1 on 2'],
    ['GUILD_AUDIT_LOG_ENTRY_CREATE', { reason: 'spam' }, 'action ? on -: spam'],
    ['PRESENCE_UPDATE', { status: 'idle', activities: [{ name: 'Go' }, {}] }, 'idle · Go · ?'],
    ['VOICE_STATE_UPDATE', { channel_id: '4' }, 'in voice'],
  ])('%s of %j is %j', (type, data, text) => {
    expect(textOf(type, data)).toBe(text);
  });

  it.each([
    [{ name: 'rank', options: [{}] }, '/rank ?='],
    [{ name: 'rank', options: [{ name: 'to', focused: true }] }, '/rank to=…'],
    [{ name: 'Show', target_id: '7' }, 'Show → 7'],
    [{ custom_id: 'f', components: [{ component: { custom_id: 'why' } }] }, 'form f: why='],
  ])('of an interaction with %j is %j', (data, text) => {
    expect(textOf('INTERACTION_CREATE', { type: 2, data })).toBe(text);
  });

  it('takes the ids of a flat event only where it has them', () => {
    const flat = { event_type: 'member.join', user_id: 7, data: {} };
    expect(summaryOf('', flat)).toEqual({ author: '7', channel: null, text: '' });
    expect(summaryOf('', { ...flat, user_id: null, channel_id: 4 })).toEqual({
      ...{ author: null, channel: '#4', text: '' },
    });
    expect(summaryOf('', { event_type: 'member.join' })).toMatchObject({ author: null });
  });
});

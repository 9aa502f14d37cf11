import { describe, expect, it } from 'vitest';
import { parseWithExactIds } from '../../../discord/exact-ids.js';
import { shardOf } from '../../../discord/gateway.js';
import { INTENT, isIntended, isIntents } from '../../../discord/intents.js';
import { invalidForm, refusal } from '../../../discord/rest-errors.js';

describe('JSON with ids as numbers', () => {
  it.each([
    ['{"guild_id":1234567890123456789}', { guild_id: '1234567890123456789' }],
    ['[1234567890123456789,-1,2.5e3,0]', ['1234567890123456789', -1, 2_500, 0]],
    ['{"t":"1234567890123456789 and \\"9999999999999999\\""}', undefined],
    ['{"x":0.12345678901234567890,"y":123456789012345}', undefined],
    ['{"x":-12345678901234567,"y":12345678901234567e2}', undefined],
    ['{"1234567890123456789":1}', undefined],
    ['"a\\\\"', undefined],
  ])('keeps every digit of %s, and changes nothing else', (text, expected) => {
    expect(parseWithExactIds(text)).toEqual(expected ?? JSON.parse(text));
  });

  it.each(['{', '{"a":1234567890123456789', '"', '[1 2]', ''])('refuses %o', (text) => {
    expect(() => parseWithExactIds(text)).toThrow(SyntaxError);
  });
});

describe('an event needs an intent', () => {
  it.each([
    ['MESSAGE_CREATE', false, INTENT.guildMessages],
    ['MESSAGE_CREATE', true, INTENT.directMessages],
    ['MESSAGE_DELETE_BULK', false, INTENT.guildMessages],
    ['GUILD_ROLE_CREATE', false, INTENT.guilds],
    ['GUILD_MEMBER_ADD', false, INTENT.guildMembers],
    ['PRESENCE_UPDATE', false, INTENT.guildPresences],
    ['TYPING_START', true, INTENT.directMessageTyping],
    ['THREAD_MEMBERS_UPDATE', false, INTENT.guildMembers],
  ] as const)('%s (direct: %s)', (type, direct, intent) => {
    expect(isIntended(intent, type, direct)).toBe(true);
    const others = Object.values(INTENT).filter((one) => one !== intent);
    const alone = type === 'THREAD_MEMBERS_UPDATE' ? [INTENT.guildVoiceStates] : others;
    for (const other of alone) expect(isIntended(other, type, direct)).toBe(false);
  });

  it('unless it is the session’s own, or an interaction', () => {
    for (const type of ['READY', 'RESUMED', 'INTERACTION_CREATE', 'GUILD_MEMBERS_CHUNK'])
      expect(isIntended(0, type, false)).toBe(true);
  });

  it('and intents are a number of known bits', () => {
    expect([0, 1, 2 ** 26 - 1].map(isIntents)).toEqual([true, true, true]);
    expect([-1, 0.5, 2 ** 26, '1', null].map(isIntents)).toEqual(Array(5).fill(false));
  });
});

it('a guild belongs to one shard', () => {
  expect(shardOf('197038439483310086', 16)).toBe(Number((197038439483310086n >> 22n) % 16n));
  expect(shardOf('197038439483310086', 1)).toBe(0);
});

it('a refusal has Discord’s shape', () => {
  expect(refusal('unknownChannel').body).toEqual({ message: 'Unknown Channel', code: 10003 });
  expect(invalidForm(['embeds', '0', 'title'], 'CODE', 'why').body).toEqual({
    ...{ message: 'Invalid Form Body', code: 50035 },
    errors: { embeds: { 0: { title: { _errors: [{ code: 'CODE', message: 'why' }] } } } },
  });
});

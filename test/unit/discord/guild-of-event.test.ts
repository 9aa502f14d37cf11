import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../../discord/guild-of-event.js';
import { guild } from '../../support/ids.js';

const event = (document: unknown): ReturnType<typeof classify> =>
  classify(Buffer.from(JSON.stringify(document)));
const G = guild(1);
const ofG = { kind: 'guild', guildId: G };
const production = { kind: 'production' };

describe('the guild of an event', () => {
  it.each([
    ['gateway shape', { t: 'MESSAGE_CREATE', s: 1, op: 0, d: { guild_id: G } }, ofG],
    ['flat shape', { event_type: 'guild.join', guild_id: G, data: {} }, ofG],
    ['the guild itself', { t: 'GUILD_DELETE', d: { id: G, unavailable: true } }, ofG],
    ['top level wins', { guild_id: G, d: { guild_id: guild(2) } }, ofG],
    ['a null at the top falls through', { guild_id: null, d: { guild_id: G } }, ofG],
    ['a DM', { t: 'MESSAGE_CREATE', d: { channel_id: G } }, production],
    [
      'a reply to another guild',
      { t: 'MESSAGE_CREATE', d: { message_reference: { guild_id: G } } },
      production,
    ],
    ['READY', { t: 'READY', guild_id: G, d: { guild_id: G } }, production],
    ['a flat user.update', { event_type: 'user.update', guild_id: G }, production],
    ['a number', { guild_id: 123_456_789_012_345 }, production],
    ['an empty id', { guild_id: '' }, production],
    ['an id that is no snowflake', { guild_id: '12345678901234567x' }, production],
    ['an id past 2^64', { guild_id: '18446744073709551616' }, production],
    ['id of a message that is no guild', { t: 'MESSAGE_CREATE', d: { id: G } }, production],
  ])('%s', (_name, document, expected) => {
    expect(event(document)).toEqual(expected);
  });

  it('is the last one of a repeated key, as JSON.parse decides', () => {
    const text = `{"guild_id":"${guild(2)}","guild_id":"${G}"}`;
    expect(classify(Buffer.from(text))).toEqual(ofG);
  });

  it.each(['', ' ', '[]', 'null', '"x"', '{', '{"a":1}x', `{"guild_id":"${G}"`, '\u{feff}{}'])(
    '%j is malformed',
    (text) => {
      expect(classify(Buffer.from(text)).kind).toBe('malformed');
    },
  );

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => typeof classify(bytes).kind === 'string',
      ),
    );
  });
});

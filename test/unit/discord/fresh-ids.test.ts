import { describe, expect, it } from 'vitest';
import { withFreshIds } from '../../../discord/fresh-ids.js';
import { Snowflakes, snowflakeAt, timeOfSnowflake } from '../../../discord/snowflake.js';
import { classify } from '../../../discord/guild-of-event.js';
import { corpus } from '../../../fixtures/events/index.js';

const NOW = Date.UTC(2026, 10, 28, 12);
const ids = {
  guild: '1000000000000000001',
  otherGuild: '1000000000000000002',
  user: '1000000000000000003',
  channel: '1000000000000000004',
};
const catalogue = corpus(ids);
const made = (): Snowflakes => new Snowflakes(() => NOW, Math.random);

interface Message {
  id: string;
  nonce: string;
  token: string;
  timestamp: string | number;
  edited_timestamp: string | null;
  message_reference?: { message_id: string };
  referenced_message?: { id: string };
  [field: string]: unknown;
}
function fresh(name: string, snowflakes = made()): { d: Message; old: Message } {
  const { payload } = catalogue.find((event) => event.name === name)!;
  const d = (text: string) => (JSON.parse(text) as { d: Message }).d;
  return { d: d(withFreshIds(payload, snowflakes)), old: d(payload) };
}

describe('a snowflake', () => {
  it('holds its time, as in Discord’s own example', () => {
    expect(timeOfSnowflake('175928847299117063')).toBe(1_462_015_105_796);
    expect(timeOfSnowflake(snowflakeAt(NOW))).toBe(NOW);
  });

  it('is greater than the one before, also for 10,000 in one millisecond and after the clock goes back', () => {
    let now = NOW;
    const snowflakes = new Snowflakes(() => now, Math.random);
    const all = Array.from({ length: 10_000 }, () => snowflakes.next());
    now -= 5_000;
    all.push(snowflakes.next());
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual([...all].sort());
    for (const id of all) expect(timeOfSnowflake(id)).toBeLessThan(NOW + 10);
  });
});

describe('an event with fresh ids', () => {
  it('has a new id and a matching time, and keeps its author and place', () => {
    const { d, old } = fresh('message-create');
    expect(timeOfSnowflake(d.id)).toBe(NOW);
    expect(d.timestamp).toBe('2026-11-28T12:00:00.000000+00:00');
    expect(d.edited_timestamp).toBeNull();
    expect(new Set([d.id, d.nonce, old.id, old.nonce]).size).toBe(4);
    const { id, nonce, timestamp, ...rest } = d;
    expect([id, nonce, timestamp]).not.toContain(undefined);
    expect({ ...old, ...rest }).toEqual(old);
  });

  it('has another id each time', () => {
    const snowflakes = made();
    const seen = Array.from({ length: 100 }, () => fresh('message-create', snowflakes).d.id);
    expect(new Set(seen).size).toBe(100);
  });

  it('keeps its references to itself', () => {
    const text = JSON.stringify({
      ...{ t: 'MESSAGE_CREATE', s: 1, op: 0 },
      d: { id: '5', thread: { id: '5' }, resolved: { '5': { of: ['5', '6'] } }, channel_id: '6' },
    });
    const { d } = JSON.parse(withFreshIds(text, made())) as { d: Message };
    const { id } = d;
    expect(timeOfSnowflake(id)).toBe(NOW);
    expect(d).toEqual({
      ...{ id, thread: { id }, resolved: { [id]: { of: [id, '6'] } }, channel_id: '6' },
    });
  });

  it('of an interaction has its own token, which contains its id', () => {
    const { d, old } = fresh('interaction-slash-command');
    expect(d.token).not.toBe(old.token);
    expect(atob(d.token)).toContain(`interaction:${d.id}:`);
    expect(fresh('interaction-slash-command').d.token).not.toBe(d.token);
    expect(d.data).toEqual(old.data);
  });

  it('of a flat form has a new event id and time', () => {
    const { payload } = catalogue.find(({ name }) => name === 'flat-message-create')!;
    const read = (text: string) =>
      JSON.parse(text) as { event_id: string; timestamp: number; data: Message };
    const [now, old] = [read(withFreshIds(payload, made())), read(payload)];
    expect(now.event_id).not.toBe(old.event_id);
    expect(now.timestamp).toBe(NOW);
    expect(timeOfSnowflake(now.data.id)).toBe(NOW);
  });

  it('keeps the time of typing in seconds', () => {
    expect(fresh('typing-start').d.timestamp).toBe(NOW / 1_000);
  });

  it('keeps its destination, and stays as it is if its exact bytes are under test', () => {
    for (const { name, payload } of catalogue) {
      const text = withFreshIds(payload, made());
      const canonical = (() => {
        try {
          const document = JSON.parse(payload) as unknown;
          return JSON.stringify(document) === payload && !Array.isArray(document);
        } catch {
          return false;
        }
      })();
      if (!canonical) expect(text, name).toBe(payload);
      expect(classify(Buffer.from(text)), name).toEqual(classify(Buffer.from(payload)));
    }
  });
});

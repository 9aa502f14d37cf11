import { describe, expect, it } from 'vitest';
import {
  check,
  NOTHING_WRONG,
  type PublishedEvent,
  type StoredEvent,
} from '../../system/router/checker.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const published = (n: number, more: Partial<PublishedEvent> = {}): PublishedEvent => ({
  n,
  guildId: 'g',
  payload: bytes(`{"n":${n}}`),
  headers: [`X: ${n}`],
  allowed: ['events.A'],
  acknowledged: true,
  ...more,
});
const stored = (n: number, more: Partial<StoredEvent> = {}): StoredEvent => ({
  sequence: n,
  subject: 'events.A',
  payload: bytes(`{"n":${n}}`),
  headers: [`X: ${n}`],
  ...more,
});
const numberOf = ({ payload }: StoredEvent): number | null => {
  const match = /"n":([0-9]+)/.exec(Buffer.from(payload).toString());
  return match === null ? null : Number(match[1]);
};
const all = [published(1), published(2), published(3)];

describe('the checker finds', () => {
  it('nothing in a faithful copy', () => {
    expect(check(all, [stored(1), stored(2), stored(3)], numberOf)).toEqual(NOTHING_WRONG);
  });
  it('a lost event', () => {
    expect(check(all, [stored(1), stored(3)], numberOf).lost).toEqual([2]);
  });
  it('no loss where the publish was not acknowledged', () => {
    const unsure = [published(1), published(2, { acknowledged: false })];
    expect(check(unsure, [stored(1)], numberOf)).toEqual(NOTHING_WRONG);
  });
  it('a duplicate', () => {
    expect(check(all, [stored(1), stored(2), stored(2), stored(3)], numberOf).duplicated).toEqual([
      2,
    ]);
  });
  it('an event before its predecessor in the guild', () => {
    expect(check(all, [stored(2), stored(1), stored(3)], numberOf).reordered).toEqual([1]);
  });
  it('no disorder between guilds', () => {
    const two = [published(1), published(2, { guildId: 'h' })];
    expect(check(two, [stored(2), stored(1)], numberOf)).toEqual(NOTHING_WRONG);
  });
  it('an event in the wrong place', () => {
    const wrong = stored(2, { subject: 'sandbox.sb0000000001.events.A' });
    expect(check(all, [stored(1), wrong, stored(3)], numberOf).misrouted).toEqual([2]);
  });
  it('a changed payload and a changed header', () => {
    const payload = stored(1, { payload: bytes('{"n":1} ') });
    const header = stored(2, { headers: ['X: 3'] });
    expect(check(all, [payload, header, stored(3)], numberOf).altered).toEqual([1, 2]);
  });
  it('an event that nobody published', () => {
    expect(check(all, [stored(1), stored(2), stored(3), stored(9)], numberOf).foreign).toEqual([9]);
  });
});

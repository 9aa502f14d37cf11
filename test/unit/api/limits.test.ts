/** What one token may have open, the settled part of the audit, and the address of a client behind proxies. */
import { describe, expect, it } from 'vitest';
import { clientAddressOf } from '../../../api/client-address.js';
import { pageOf } from '../../../api/cursor.js';
import { sandboxIdOf, tokenIdOf } from '../../../api/idempotency.js';
import { Gate } from '../../../api/limits.js';
import { Watchdog } from '../../../api/watchdog.js';
import { settled, type FollowedEntry } from '../../../store/audit-tail.js';

describe('Gate', () => {
  it('bounds each token, and all together', () => {
    const gate = new Gate('streams', { perToken: 2, all: 3 });
    const leave = gate.enter('a');
    gate.enter('a');
    expect(() => gate.enter('a')).toThrow(/this token has 2/);
    gate.enter('b');
    expect(() => gate.enter('c')).toThrow(/the API has 3/);
    leave();
    leave();
    expect(gate.open).toBe(2);
    gate.enter('c');
    expect(() => gate.enter('a')).toThrow(expect.objectContaining({ code: 'SANDBOX_013' }));
  });
});

describe('settled', () => {
  const entry = (auditId: number, ageMs: number): FollowedEntry =>
    ({ entry: { auditId }, owner: null, ageMs }) as FollowedEntry;
  const ids = (entries: readonly FollowedEntry[]): number[] =>
    entries.map((followed) => followed.entry.auditId);

  it.each([
    ['no gap', [entry(5, 10), entry(6, 5)], [5, 6]],
    ['a gap before a young entry', [entry(5, 100), entry(7, 50), entry(8, 40)], [5]],
    ['a gap before an old entry', [entry(5, 9_000), entry(7, 8_000), entry(8, 40)], [5, 7, 8]],
    ['a gap at the begin', [entry(6, 10)], []],
  ])('with %s', (_what, entries, expected) => {
    expect(ids(settled(entries, 4))).toEqual(expected);
  });
});

describe('pageOf', () => {
  const key = (text: string): readonly [string, string] => [text, ''];

  it('gives each entry once, though others come and go', () => {
    const first = pageOf(['d', 'a', 'c'], key, { limit: 2 });
    expect(first.items).toEqual(['a', 'c']);
    const next = pageOf(['a', 'b', 'd', 'e'], key, { limit: 2, cursor: first.nextCursor ?? '' });
    expect(next).toEqual({ items: ['d', 'e'], nextCursor: null });
  });

  it.each(['', 'x', 'bnVsbA', 'WzEsMl0'])('refuses the cursor %j', (cursor) => {
    expect(() => pageOf(['a'], key, { limit: 2, cursor })).toThrow(/cursor/);
  });
});

describe('the client of a request', () => {
  const address = clientAddressOf(['10.0.0.0/8', '::1']);
  it.each([
    ['a stranger who forges it', '1.2.3.4', '9.9.9.9', '1.2.3.4'],
    ['a proxy', '10.1.2.3', '9.9.9.9', '9.9.9.9'],
    ['two proxies, and a forged entry', '::1', '6.6.6.6, 9.9.9.9, 10.0.0.7', '9.9.9.9'],
    ['a proxy that says nonsense', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['a proxy that says nothing', '10.1.2.3', undefined, '10.1.2.3'],
  ])('behind %s', (_what, peer, forwarded, expected) => {
    expect(address(peer, forwarded)).toBe(expected);
  });
});

describe('an id of a repeated request', () => {
  it('is the same for the same change, and another for another', () => {
    expect(sandboxIdOf('one')).toBe(sandboxIdOf('one'));
    expect(sandboxIdOf('one')).toMatch(/^sb[a-z0-9]{10}$/);
    expect(new Set(Array.from({ length: 1_000 }, (_, i) => sandboxIdOf(`${i}`))).size).toBe(1_000);
    expect(tokenIdOf('one')).toMatch(/^[0-9A-Za-z]{12}$/);
  });
});

describe('Watchdog', () => {
  const fine = (): Promise<void> => Promise.resolve();
  const never = (): Promise<never> => new Promise(() => undefined);
  const checks = { postgres: fine, temporal: fine, nats: never, redis: fine };

  it('names the server that a request waits for within 5 s', async () => {
    const began = Date.now();
    const waiting = new Watchdog(checks).guard(['postgres', 'nats'], never());
    await expect(waiting).rejects.toMatchObject({
      code: 'SANDBOX_009',
      details: { dependency: 'nats' },
    });
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  it('leaves a request alone whose servers answer', async () => {
    const work = new Promise((resolve) => setTimeout(resolve, 2_500, 'done'));
    await expect(new Watchdog(checks).guard(['postgres'], work)).resolves.toBe('done');
  });

  it('ends a request that waits too long', async () => {
    const waiting = new Watchdog(checks, 1_500).guard(['postgres'], never());
    await expect(waiting).rejects.toMatchObject({ details: { dependency: 'worker' } });
  });
});

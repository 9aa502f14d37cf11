/** Which expiry counts as valid, and the result of an extension. */
import { describe, expect, it } from 'vitest';
import { checkExtended, doubtOf, extensionBase, LONGEST_LIFE_MS } from '../../../domain/expiry.js';

const NOW = Date.UTC(2026, 10, 28, 13);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const made = { createdAt: NOW - HOUR, now: NOW };
const untyped = (value: unknown): number => value as number;

describe('an expiry', () => {
  it.each([
    ['ahead', NOW + DAY],
    ['that has passed, which is how each sandbox ends', NOW - 1],
    ['as far ahead as a policy may allow', NOW + LONGEST_LIFE_MS],
  ])('%s is valid', (_what, expiresAt) => {
    expect(doubtOf({ ...made, expiresAt })).toBeNull();
  });

  it.each([
    ['no number', NaN],
    ['null, as JSON makes it of NaN', untyped(null)],
    ['absent', untyped(undefined)],
    ['a text', untyped('2026-12-05')],
    ['a fraction', NOW + 0.5],
    ['without end', Infinity],
    ['zero', 0],
    ['negative', -1],
    ['in seconds', Math.round(NOW / 1_000)],
    ['in microseconds', NOW * 1_000],
    ['before its creation, as German 05.12. read as May', Date.UTC(2026, 4, 12)],
    ['the moment of its creation', made.createdAt],
    ['beyond every maximum', NOW + LONGEST_LIFE_MS + 2 * DAY],
  ])('that is %s is not valid', (_what, expiresAt) => {
    expect(doubtOf({ ...made, expiresAt })).toMatch(/expiry/);
  });

  it.each([
    ['is no time', NaN],
    ['is ahead', NOW + 3 * DAY],
    ['is older than Discord', 1],
  ])('of a sandbox whose creation %s is not valid', (_what, createdAt) => {
    expect(doubtOf({ createdAt, expiresAt: NOW + 9 * DAY, now: NOW })).toMatch(/creation/);
  });
});

describe('an extension', () => {
  it.each([
    ['the row’s expiry, where that is ahead', NOW + DAY, NOW + DAY],
    ['now, where the row’s has passed', NOW - DAY, NOW],
    ['now, where the row’s makes no sense', NaN, NOW],
    ['now, where the row’s is without end', Infinity, NOW],
    ['now, where the row’s is older than Discord', 0, NOW],
  ])('begins at %s', (_what, row, base) => {
    expect(extensionBase(row, NOW)).toBe(base);
  });

  it.each([NaN, untyped(null), NOW, NOW - 1, Date.UTC(2026, 4, 12), NOW * 1_000])(
    'whose outcome is %s is refused',
    (outcome) => {
      expect(() => checkExtended(outcome, NOW)).toThrow(
        expect.objectContaining({ code: 'SANDBOX_011' }),
      );
      expect(() => checkExtended(NOW + HOUR, NOW)).not.toThrow();
    },
  );
});

import { describe, expect, it } from 'vitest';
import {
  checkTtl,
  extendExpiry,
  format,
  formatRough,
  parseDuration,
} from '../../../domain/duration.js';

const HOUR = 3_600_000;

describe('durations', () => {
  it.each([
    ['90m', 90 * 60_000],
    ['24h', 24 * HOUR],
    ['7d', 7 * 24 * HOUR],
    ['1w', 7 * 24 * HOUR],
    ['10s', 10_000],
    ['1.5h', 1.5 * HOUR],
    ['1h30m', 1.5 * HOUR],
    ['2d12h', 60 * HOUR],
    ['1w2d3h4m5s', (9 * 24 + 3) * HOUR + 245_000],
    ['1h0m', HOUR],
  ])('reads %s', (text, millis) => {
    expect(parseDuration(text)).toBe(millis);
  });

  it.each([
    '',
    '0h',
    '-1h',
    '1',
    '007',
    'h',
    '1 h',
    '30m1h',
    '1h1h',
    '1h30',
    '1h 30m',
    '1h,30m',
    '1h-30m',
    '0h0m',
    '1h30m\n',
    '1d30',
    '1H30M',
    '1y',
    'NaN',
    'Infinity',
    '1e9h',
    '9999999999d',
    '1h\n',
    ' 1h',
    '１h',
    '0x1h',
    '+1h',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'SANDBOX_008' }));
  });

  it('lists the accepted forms in its error', () => {
    expect(() => parseDuration('30m1h', 'TTL')).toThrow(
      /TTL "30m1h" is not valid: .*large before small, such as 90m, 24h, 7d or 1h30m/,
    );
  });

  it('names the bound that a TTL exceeds', () => {
    const bounds = { minMs: 60_000, maxMs: 30 * 24 * HOUR };
    expect(checkTtl(HOUR, bounds)).toBe(HOUR);
    expect(() => checkTtl(1_000, bounds)).toThrow(/minimum, 1m/);
    expect(() => checkTtl(31 * 24 * HOUR, bounds)).toThrow(/maximum, 30d/);
    // Values from a program, without parsing.
    for (const millis of [NaN, Infinity, HOUR + 0.5, -HOUR])
      expect(() => checkTtl(millis, bounds)).toThrow(/minimum, 1m/);
  });

  it('extends from the current expiry', () => {
    for (const clamp of [true, false])
      expect(extendExpiry(1_000, { byMs: 500, clamp }, 900, 10_000)).toEqual({
        ...{ expiresAt: 1_500, clamped: false },
      });
  });

  it('refuses an extension past now + maximum, and names the bound and the time left', () => {
    const past = () => extendExpiry(HOUR, { byMs: 9 * HOUR, clamp: false }, 0, 8 * HOUR);
    expect(past).toThrow(/by 9h passes the maximum: .* 8h from now, which leaves 7h/);
    expect(past).toThrow(expect.objectContaining({ code: 'SANDBOX_008' }));
  });

  it('cuts an extension to the maximum if asked to, and never shortens a life', () => {
    const clamp = true;
    expect(extendExpiry(1_000, { byMs: 50_000, clamp }, 900, 10_000)).toEqual({
      ...{ expiresAt: 10_900, clamped: true },
    });
    // The maximum was lowered after this expiry.
    expect(extendExpiry(20_000, { byMs: 1, clamp }, 900, 10_000)).toEqual({
      ...{ expiresAt: 20_000, clamped: true },
    });
  });

  it('writes durations for people', () => {
    expect(format(90_000)).toBe('90s');
    expect(format(7 * 24 * HOUR)).toBe('1w');
    expect(format(1)).toBe('1ms');
    expect(formatRough(26 * HOUR)).toBe('1d 2h');
    expect(formatRough(-5)).toBe('0s');
  });
});

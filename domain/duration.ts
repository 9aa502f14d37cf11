/** Durations as people type them: one number and one unit (`90m`, `24h`, `7d`, `1w`), and the TTL's bounds. */
import ms from 'ms';
import { invalid, SandboxError } from './errors.js';

/** `ms` alone would also take "24", "-1h", "1y" and "2 days"; the product takes one number and one unit. */
const DURATION = /^[0-9]{1,9}(\.[0-9]{1,3})?(s|m|h|d|w)$/;

/** Milliseconds. @throws SANDBOX_008 */
export function parseDuration(value: unknown, what = 'duration'): number {
  if (typeof value === 'string' && DURATION.test(value)) {
    const millis = Math.round(ms(value as ms.StringValue));
    if (Number.isSafeInteger(millis) && millis > 0) return millis;
  }
  throw invalid(what, value, 'use one number and one unit of s, m, h, d, w, such as 90m or 24h');
}

export interface TtlBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Checks a TTL in ms against the bounds. @throws SANDBOX_008 naming the bound it passes */
export function checkTtl(ttlMs: number, { minMs, maxMs }: TtlBounds): number {
  if (!Number.isSafeInteger(ttlMs) || ttlMs < minMs) {
    throw new SandboxError(
      'SANDBOX_008',
      `a TTL of ${format(ttlMs)} is below the minimum, ${format(minMs)}`,
    );
  }
  if (ttlMs > maxMs) {
    throw new SandboxError(
      'SANDBOX_008',
      `a TTL of ${format(ttlMs)} is above the maximum, ${format(maxMs)}`,
    );
  }
  return ttlMs;
}

/**
 * Adds to the current expiry; never shortens it. All in epoch ms.
 * @throws SANDBOX_008 past now + `maxMs`, unless `clamp` cuts it there
 */
export function extendExpiry(
  expiresAt: number,
  { byMs, clamp }: { readonly byMs: number; readonly clamp: boolean },
  now: number,
  maxMs: number,
): { expiresAt: number; clamped: boolean } {
  const wanted = expiresAt + byMs;
  const bound = now + maxMs;
  if (wanted <= bound) return { expiresAt: wanted, clamped: false };
  if (clamp) return { expiresAt: Math.max(bound, expiresAt), clamped: true };
  throw new SandboxError(
    'SANDBOX_008',
    `an extension by ${format(byMs)} passes the maximum: a sandbox may live ${format(maxMs)} from now, which leaves ${formatRough(Math.max(0, bound - expiresAt))}`,
    { hint: 'Extend by less, or add --clamp to extend to the maximum.' },
  );
}

const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** The shortest exact form for whole units (`1w`, `36h`, `90s`), else ms. */
export function format(millis: number): string {
  for (const [unit, size] of UNITS) {
    if (millis >= size && millis % size === 0) return `${millis / size}${unit}`;
  }
  return `${millis}ms`;
}

/** Two leading units for people: `2d 4h`, `59m 10s`, `0s`. */
export function formatRough(millis: number): string {
  let rest = Math.max(0, millis);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0s';
}

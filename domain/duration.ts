/** Durations as people type them (`90m`, `24h`, `7d`, `1h30m`), and the TTL's bounds. */
import ms from 'ms';
import { invalid, SandboxError } from './errors.js';

/**
 * Each unit at most once, large before small. `ms` alone accepts "24", "-1h", "1y" and "2 days"
 * too, and refuses "1h30m", so it gets one part at a time.
 */
const number = String.raw`[0-9]{1,9}(?:\.[0-9]{1,3})?`;
const DURATION = new RegExp(
  `^(?=[0-9])${['w', 'd', 'h', 'm', 's'].map((unit) => `(?:${number}${unit})?`).join('')}$`,
);
const PART = new RegExp(`${number}[wdhms]`, 'g');

const ACCEPTED =
  'use numbers with the units w, d, h, m, s, large before small, such as 90m, 24h, 7d or 1h30m';

/** Milliseconds. @throws SANDBOX_008 */
export function parseDuration(value: unknown, what = 'duration'): number {
  if (typeof value === 'string' && DURATION.test(value)) {
    const parts = value.match(PART) ?? [];
    const millis = Math.round(parts.reduce((sum, part) => sum + ms(part as ms.StringValue), 0));
    if (Number.isSafeInteger(millis) && millis > 0) return millis;
  }
  throw invalid(what, value, ACCEPTED);
}

export interface TtlBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Checks a TTL in ms against the bounds. @throws SANDBOX_008 with the bound */
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
 * Adds to the current expiry and never shortens it. All in epoch ms.
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

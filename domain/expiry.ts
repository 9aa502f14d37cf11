/**
 * Which expiry may be believed. To end a sandbox cannot be taken back, so a time that makes no sense ends none: whatever made
 * it (a server's settings, a backup, a hand, a fault of ours), the sandbox lives on and says so.
 */
import { SandboxError } from './errors.js';
import { extendExpiry, format } from './duration.js';

const YEAR_MS = 365 * 86_400_000;
/** The bound of every policy's maximum: an expiry further away was misread. */
export const LONGEST_LIFE_MS = 10 * YEAR_MS;
export const LONGEST_LIFE = format(LONGEST_LIFE_MS);
/** Clocks of the servers may differ by this. */
const SLACK_MS = 86_400_000;
/** Discord's own epoch: nothing of a sandbox is older. */
const EARLIEST = Date.UTC(2015, 0, 1);

/** Epoch ms of a moment at which a sandbox could have been made or could end. */
export const isTime = (value: unknown, now: number): value is number =>
  Number.isSafeInteger(value) &&
  (value as number) >= EARLIEST &&
  (value as number) <= now + LONGEST_LIFE_MS + SLACK_MS;

/** Times in epoch ms. */
export interface Life {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly now: number;
}

/** Why this expiry is not believed; null where it is. One that has passed is: so every sandbox ends. */
export function doubtOf({ createdAt, expiresAt, now }: Life): string | null {
  if (!isTime(expiresAt, now))
    return `its expiry (${shownTime(expiresAt)}) is no time of a sandbox`;
  if (!isTime(createdAt, now) || createdAt > now + SLACK_MS)
    return `its creation (${shownTime(createdAt)}) is no time of a sandbox`;
  return expiresAt > createdAt
    ? null
    : `its expiry (${shownTime(expiresAt)}) is not after its creation (${shownTime(createdAt)})`;
}

/** ISO 8601. Never throws, as `toISOString` does. */
export const shownTime = (value: unknown): string => {
  const time = new Date(typeof value === 'number' ? value : NaN);
  return Number.isNaN(time.getTime()) ? String(value) : time.toISOString();
};

export interface Extension {
  /** The expiry that the workflow knows; one that is not believed counts as none. */
  readonly known: number | null;
  /** The row's. */
  readonly row: number;
  readonly byMs: number;
  readonly now: number;
  readonly maxMs: number;
}

/** The expiry to write for an extension: from the known one; where none is believed from the row's, but not before now. */
export function extended({ known, row, byMs, now, maxMs }: Extension): {
  readonly from: number;
  readonly expiresAt: number;
  readonly clamped: boolean;
} {
  const from = isTime(known, now) ? known : Math.max(isTime(row, now) ? row : now, now);
  const next = extendExpiry(from, byMs, now, maxMs);
  return { from, ...next };
}

/**
 * What stands after an attempt to move the expiry `from` → `to` finds `row`: a later one was written by an earlier attempt, or
 * by another extension, and is not moved back. An earlier one is not what the workflow has known, and is put right.
 * @throws SANDBOX_011 for a move that would shorten the life
 */
export function standing({ row, from, to }: { row: number; from: number; to: number }): number {
  if (!Number.isSafeInteger(to) || to < from) {
    throw new SandboxError(
      'SANDBOX_011',
      `an extension from ${shownTime(from)} to ${shownTime(to)} would shorten the life: nothing was changed`,
    );
  }
  return row > from ? row : to;
}

/** @throws SANDBOX_011 for the outcome of an extension that ends the sandbox earlier than was known, or never */
export function checkExtended(outcome: number, known: number | null, now: number): number {
  if (isTime(outcome, now) && (known === null || outcome >= known)) return outcome;
  throw new SandboxError(
    'SANDBOX_011',
    `an extension answered ${shownTime(outcome)}, before the known expiry or no time at all: it is not believed`,
    {
      hint: `The sandbox keeps its expiry${known === null ? '' : `, ${shownTime(known)}`}. Please report it, with the log of the worker.`,
    },
  );
}

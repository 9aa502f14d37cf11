/**
 * Checks whether an expiry is plausible. Ending a sandbox cannot be undone, so an implausible time
 * ends none, whatever its cause (server settings, a backup, a manual change, our fault). The
 * sandbox lives on and reports the problem.
 */
import { SandboxError } from './errors.js';
import { format } from './duration.js';

const YEAR_MS = 365 * 86_400_000;
/** The limit for every policy's maximum: a later expiry was misread. */
export const LONGEST_LIFE_MS = 10 * YEAR_MS;
export const LONGEST_LIFE = format(LONGEST_LIFE_MS);
/** The servers' clocks may differ by this. */
const SLACK_MS = 86_400_000;
/** Discord's own epoch: no sandbox is older. */
const EARLIEST = Date.UTC(2015, 0, 1);

/** True for epoch ms at which a sandbox could begin or end. */
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

/**
 * Why this expiry is not plausible; null if it is. A past expiry is plausible: so every sandbox
 * ends.
 */
export function doubtOf({ createdAt, expiresAt, now }: Life): string | null {
  if (!isTime(expiresAt, now))
    return `its expiry (${shownTime(expiresAt)}) is no time of a sandbox`;
  if (!isTime(createdAt, now) || createdAt > now + SLACK_MS)
    return `its creation (${shownTime(createdAt)}) is no time of a sandbox`;
  return expiresAt > createdAt
    ? null
    : `its expiry (${shownTime(expiresAt)}) is not after its creation (${shownTime(createdAt)})`;
}

/** ISO 8601. Unlike `toISOString` it never throws. */
export const shownTime = (value: unknown): string => {
  const time = new Date(typeof value === 'number' ? value : NaN);
  return Number.isNaN(time.getTime()) ? String(value) : time.toISOString();
};

/**
 * The base of an extension: the row's expiry, but not before now. An implausible expiry counts as
 * none.
 */
export const extensionBase = (row: number, now: number): number =>
  Math.max(isTime(row, now) ? row : now, now);

/** @throws SANDBOX_011 for an outcome that would end the sandbox at once, or never */
export function checkExtended(outcome: number, now: number): void {
  if (isTime(outcome, now) && outcome > now) return;
  throw new SandboxError(
    'SANDBOX_011',
    `an extension answered ${shownTime(outcome)}, which has passed or is no time at all: it is not believed`,
    { hint: 'The sandbox keeps its expiry. Please report it, with the log of the worker.' },
  );
}

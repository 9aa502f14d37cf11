/**
 * Which expiry may be believed. To end a sandbox cannot be taken back, so a time that makes no sense ends none: whatever made
 * it (a server's settings, a backup, a hand, a fault of ours), the sandbox lives on and says so.
 */
import { SandboxError } from './errors.js';
import { format } from './duration.js';

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

/** Where an extension begins: at the row's expiry, but not before now. An expiry that is not believed counts as none. */
export const extensionBase = (row: number, now: number): number =>
  Math.max(isTime(row, now) ? row : now, now);

/** @throws SANDBOX_011 for the outcome of an extension that would end the sandbox at once, or never */
export function checkExtended(outcome: number, now: number): void {
  if (isTime(outcome, now) && outcome > now) return;
  throw new SandboxError(
    'SANDBOX_011',
    `an extension answered ${shownTime(outcome)}, which has passed or is no time at all: it is not believed`,
    { hint: 'The sandbox keeps its expiry. Please report it, with the log of the worker.' },
  );
}

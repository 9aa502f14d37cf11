/**
 * The states of a sandbox and the legal transitions. The database enforces them
 * (sql/020_sandboxes.sql); a test compares both.
 */

export const SANDBOX_STATUSES = [
  'pending',
  'creating',
  'running',
  'expired',
  'destroying',
  'destroyed',
] as const;

export type SandboxStatus = (typeof SANDBOX_STATUSES)[number];

/** Legal transitions only. */
export const TRANSITIONS: Readonly<Record<SandboxStatus, readonly SandboxStatus[]>> = {
  pending: ['creating', 'destroying'],
  creating: ['running', 'destroying'],
  running: ['expired', 'destroying'],
  expired: ['destroying'],
  destroying: ['destroyed'],
  destroyed: [],
};

/** States in which a sandbox keeps its name and its place under the owner's limit. */
export const LIVE_STATUSES = ['pending', 'creating', 'running', 'expired'] as const;

export function isLive(status: SandboxStatus): boolean {
  return (LIVE_STATUSES as readonly SandboxStatus[]).includes(status);
}

export function isSandboxStatus(value: unknown): value is SandboxStatus {
  return (SANDBOX_STATUSES as readonly unknown[]).includes(value);
}

/** The health of a sandbox: what each server answered about it. */
import type { SandboxId } from './names.js';
import type { Sandbox } from './sandbox.js';

export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'error';
  readonly detail: string;
}

export interface SandboxHealth {
  readonly sandbox: Sandbox;
  /** Null for a sandbox that is destroyed: no server is asked then. */
  readonly health: 'healthy' | 'degraded' | 'unhealthy' | null;
  /** None for a sandbox that is destroyed. */
  readonly checks: readonly Check[];
  readonly expiresInMs: number;
  /** When the newest event was stored for it; null for none, or where NATS does not answer. */
  readonly lastEventAt: string | null;
  /** Events in its consumer that the bot has not taken yet. */
  readonly eventsWaiting: number | null;
  /** What a clean-up that is being retried waits for. */
  readonly cleanupError: string | null;
}

/** The part of a sandbox's health that the servers answer. */
export type Inspected = Pick<SandboxHealth, 'checks' | 'lastEventAt' | 'eventsWaiting'>;

/** One look at a time: callers at the same time share it. */
export const healthWorkflowId = (sandboxId: SandboxId): string => `sandbox-health-${sandboxId}`;

/** The output: the chain of expected sequences into `ROUTED` (docs/routing.md). */
import type { DlqReason } from '../routing/destination.js';
import type { LogPosition } from '../routing/routed-log.js';
import type { Doubt } from './doubt.js';

/** An event with its destination, ready to be stored. */
export interface Outgoing {
  readonly subject: string;
  /** Header lines of `routing/event-headers.ts`, open for the chain's own. */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
  readonly rawSequence: number;
  /** The `sandbox_id` label of its duration. */
  readonly label: string;
  /** Why it goes to the DLQ, if it does. */
  readonly dead: DlqReason | null;
}

/** A run of events that one PubAck confirms. */
export interface ConfirmedRun {
  readonly position: LogPosition;
  /** The number of events per label. */
  readonly labels: ReadonlyMap<string, number>;
  /** The reasons of events that went to the DLQ. */
  readonly dead: readonly DlqReason[];
  /** The arrival of its first event, in `performance.now()`. */
  readonly since: number;
}

export interface EgressEvents {
  onConfirmed(run: ConfirmedRun): void;
  onDoubt(doubt: Doubt): void;
}

/**
 * One term of writing. The plain form (`chain.ts`, the client's own publish) and the fast one
 * (hand-built protocol bytes) behave the same; tests compare the stored results.
 */
export interface Egress {
  /**
   * In order; sent before the end of this turn of the event loop. Nothing is sent after a doubt.
   */
  send(event: Outgoing): void;
  /**
   * Appends a message that repeats the position, so that the log's end survives a purge; false if
   * it cannot now.
   */
  sendPosition(): boolean;
  /**
   * Resolves when everything sent before this call is confirmed. Rejects with the doubt that ended
   * the term.
   */
  flush(): Promise<void>;
  /** Nothing is sent or confirmed after this. */
  end(): void;
  readonly unconfirmed: number;
  readonly unconfirmedBytes: number;
  /**
   * The last sequence sent. Once `ROUTED` has reached it, no message of this term can still be
   * stored.
   */
  readonly head: LogPosition;
  readonly confirmed: LogPosition;
}

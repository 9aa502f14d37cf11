/** The events of a sandbox, as they are read beside its bot and published for it. */
import type { Dependency } from './errors.js';

/** One event as it was stored for a sandbox. */
export interface SandboxEvent {
  /** Its place in `ROUTED`. */
  readonly sequence: number;
  /** Its place in `RAW`; null where no router has written it. */
  readonly rawSequence: number | null;
  /** When it was stored. */
  readonly time: string;
  /** `events` or `commands`. */
  readonly family: string;
  /** Such as `MESSAGE_CREATE`. */
  readonly type: string;
  readonly guildId: string | null;
  /** The exact text. */
  readonly payload: string;
}

/** What any reading takes. */
export interface ReadingOptions {
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** A server has not answered, and is asked until it does; called once for each time that it is away. */
  readonly onAway?: (dependency: Dependency) => void;
}

export interface EventsOptions extends ReadingOptions {
  /** Also what was stored since; otherwise only what comes from now on. */
  readonly since?: Date;
  /** False: ends with what is stored already. Default true: waits for what comes. */
  readonly follow?: boolean;
  /** All that is stored has been read, and the next is waited for; called once. */
  readonly onWaiting?: () => void;
}

/** Interactions travel as `commands`. */
export type EventFamily = 'events' | 'commands';

export interface EventToEmit {
  /** Default `events`; interactions travel as `commands`. */
  readonly family?: EventFamily;
  /** Such as `MESSAGE_CREATE` or `guild.join`. */
  readonly type: string;
  /** The exact text. */
  readonly payload: string;
}

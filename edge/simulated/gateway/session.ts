/**
 * A gateway session: it numbers its events, and keeps the newest ones so that a client that lost
 * its connection can continue.
 */
import { OP } from '../../../discord/gateway.js';
import type { Application } from '../world/world.js';

/** Where a session sends its frames while a client is connected. */
export interface Outlet {
  send(text: string): void;
  /** Another connection took the session over, or the session ended. */
  replaced(): void;
}

export interface SessionLimits {
  /** Events kept for a RESUME. */
  readonly bufferedEvents: number;
  readonly bufferedBytes: number;
}

export class Session {
  #seq = 0;
  #outlet: Outlet | null = null;
  /** The oldest first; their numbers have no gap. */
  readonly #kept: string[] = [];
  #keptBytes = 0;

  constructor(
    readonly id: string,
    readonly application: Application,
    readonly intents: number,
    readonly shard: readonly [index: number, count: number],
    private readonly limits: SessionLimits,
  ) {}

  /** The number of the newest event. */
  get seq(): number {
    return this.#seq;
  }

  /** @param data the event's `d` as JSON text, encoded once for all sessions */
  dispatch(type: string, data: string): void {
    this.#seq += 1;
    const frame = `{"t":"${type}","s":${this.#seq},"op":${OP.dispatch},"d":${data}}`;
    this.#kept.push(frame);
    this.#keptBytes += frame.length;
    while (this.#isOverfull()) this.#keptBytes -= this.#kept.shift()?.length ?? 0;
    this.#outlet?.send(frame);
  }

  /** Connects a client; an earlier connection of this session is closed. */
  attach(outlet: Outlet): void {
    const old = this.#outlet;
    this.#outlet = outlet;
    old?.replaced();
  }

  /** False if another connection holds the session by now. */
  detach(outlet: Outlet): boolean {
    if (this.#outlet !== outlet) return false;
    this.#outlet = null;
    return true;
  }

  /** Events behind a number, or null where the buffer no longer has all of them. */
  since(seq: number): readonly string[] | null {
    const missing = this.#seq - seq;
    if (missing > this.#kept.length) return null;
    return missing <= 0 ? [] : this.#kept.slice(-missing);
  }

  /** Closes the client's connection; the session is not usable again. */
  end(): void {
    const outlet = this.#outlet;
    this.#outlet = null;
    outlet?.replaced();
  }

  #isOverfull(): boolean {
    const { bufferedEvents, bufferedBytes } = this.limits;
    return this.#kept.length > bufferedEvents || this.#keptBytes > bufferedBytes;
  }
}

/**
 * Watches `RAW` every second, and every five seconds while it stands still, also without a term (a
 * full `ROUTED` prevents terms): how far behind the writer is, and an alarm before publishes are
 * refused. Nothing is lost then, so it is not in `alarms_total`.
 */
import type { NatsConnection } from 'nats';
import { every } from '../../platform/every.js';
import type { Logger } from '../../platform/log.js';
import { streamFacts } from '../../routing/routed-log.js';

const EVERY_MS = 1_000;
/** Rounds until the next look while nothing moves: a look costs the server as much as a write. */
const QUIET_ROUNDS = 5;
/** The writer trims from 0.7 on, so only unrouted events fill it this far. */
const ALARM_AT = 0.85;

export interface RawWatchOptions {
  readonly nc: NatsConnection;
  readonly stream: string;
  /** null: not the writer. */
  readonly confirmed: () => number | null;
  readonly log: Logger;
}

export class RawWatch {
  readonly #looks: { close(): void };
  #times = 0;
  #skip = 0;
  /** What the last look saw: the end of `RAW`, and the writer's position. */
  #last = { end: -1, position: null as number | null };
  lag = 0;
  /** Of `max_bytes`, 0 to 1. */
  fill = 0;

  constructor(private readonly options: RawWatchOptions) {
    this.#looks = every(EVERY_MS, () => this.#look());
  }

  close(): void {
    this.#looks.close();
  }

  async #look(): Promise<void> {
    const { nc, stream, confirmed, log } = this.options;
    const position = confirmed();
    if (this.#skip > 0 && position === this.#last.position) {
      this.#skip -= 1;
      return;
    }
    const raw = await streamFacts(nc, stream).catch(() => null);
    if (raw === null) return;
    // Messages removed unrouted do not count as behind (PositionReader reports them).
    const behind = Math.max(position ?? raw.lastSequence, raw.firstSequence - 1);
    this.lag = Math.max(0, raw.lastSequence - behind);
    this.fill = raw.maxBytes > 0 ? raw.bytes / raw.maxBytes : 0;
    const still = raw.lastSequence === this.#last.end && position === this.#last.position;
    this.#skip = still && this.fill <= ALARM_AT ? QUIET_ROUNDS - 1 : 0;
    this.#last = { end: raw.lastSequence, position };
    if (position === null || this.fill <= ALARM_AT) {
      this.#times = 0;
      return;
    }
    this.#times += 1;
    // Twice in a row, so not just before a trim. Then once until the fill has fallen.
    if (this.#times !== 2) return;
    log.error({ fill: this.fill, lag: this.lag }, 'ALARM: RAW is nearly full of unrouted events');
  }
}

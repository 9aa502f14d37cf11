/**
 * The writer's work every second beside routing: checkpoint, trimming of RAW, and a position
 * message when idle. While RAW stands still it is looked at every five seconds.
 */
import type { NatsConnection } from 'nats';
import type { Logger } from '../../platform/log.js';
import type { RouterBucket } from '../../routing/router-bucket.js';
import type { StreamPair } from '../../routing/subjects.js';
import { CHECKPOINT_KEY } from '../../routing/members.js';
import { messageOf } from '../../domain/errors.js';
import { streamFacts } from '../../routing/routed-log.js';
import type { Checkpoint } from '../position/position.js';
import { appendPosition } from '../position/message.js';
import { trimRaw } from '../position/trim.js';
import type { WriterTerm } from '../writer-term.js';

const EVERY_MS = 1_000;
/** Rounds until the next look at RAW while nothing moves. */
const QUIET_ROUNDS = 5;
/** A full RAW refuses publishes. Only a real backlog may fill it. */
const TRIM_AT = 0.7;
/** The default: ROUTED keeps days. */
const IDLE_MS = 3_600_000;

export interface UpkeepOptions {
  readonly nc: NatsConnection;
  readonly bucket: RouterBucket;
  readonly streams: StreamPair;
  readonly log: Logger;
  /**
   * The writer repeats its position after this time without events, so that the log's end never
   * ages out. Default: an hour.
   */
  readonly positionEveryMs?: number;
}

export class Upkeep {
  readonly #timer: NodeJS.Timeout;
  #written: Checkpoint;
  #revision: number;
  #busy: Promise<void> | undefined;
  #movedAt = performance.now();
  #skip = 0;
  /** What the last look saw: the end of `RAW`, and our position. */
  #last = { end: -1, position: -1 };

  constructor(
    private readonly options: UpkeepOptions,
    private readonly term: WriterTerm,
    written: Checkpoint,
    revision: number,
  ) {
    this.#written = written;
    this.#revision = revision;
    this.#timer = setInterval(() => {
      this.#busy ??= this.#turn().finally(() => {
        this.#busy = undefined;
      });
    }, EVERY_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Conditional on the revision: a former writer cannot set it back. */
  async checkpoint(): Promise<void> {
    await this.#busy?.catch(() => undefined);
    await this.#write();
  }

  async #turn(): Promise<void> {
    const { bucket, log } = this.options;
    try {
      await this.#write();
      if (this.#skip > 0 && this.term.egress.confirmed.rawSequence === this.#last.position)
        this.#skip -= 1;
      else await this.#trim();
      const idleMs = this.options.positionEveryMs ?? IDLE_MS;
      if (performance.now() - this.#movedAt > idleMs)
        await appendPosition(bucket, this.term.egress);
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'upkeep failed, and is tried again');
    }
  }

  async #trim(): Promise<void> {
    const { nc, streams, log } = this.options;
    const raw = await streamFacts(nc, streams.raw);
    const { rawSequence } = this.term.egress.confirmed;
    const bytes = TRIM_AT * raw.maxBytes;
    const isFull = raw.maxBytes > 0 && raw.bytes > bytes && raw.firstSequence <= rawSequence;
    const still = raw.lastSequence === this.#last.end && rawSequence === this.#last.position;
    this.#skip = still && !isFull ? QUIET_ROUNDS - 1 : 0;
    this.#last = { end: raw.lastSequence, position: rawSequence };
    if (!isFull) return;
    const purged = await trimRaw(nc, streams.raw, { confirmed: rawSequence, bytes });
    if (purged > 0) log.info({ purged, upTo: rawSequence }, 'confirmed events trimmed from RAW');
  }

  async #write(): Promise<void> {
    const { sequence, rawSequence } = this.term.egress.confirmed;
    if (sequence === this.#written.sequence) return;
    const next = { ...this.#written, sequence, rawSequence };
    this.#revision = await this.options.bucket.write(CHECKPOINT_KEY, next, this.#revision);
    this.#written = next;
    this.#movedAt = performance.now();
  }
}

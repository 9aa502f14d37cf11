/** Finds the position: from the log itself, or from the checkpoint if the log's end is gone. */
import type { NatsConnection } from 'nats';
import { z } from 'zod';
import { counted } from '../../domain/counted.js';
import { CHECKPOINT_KEY, FENCE_KEY } from '../../routing/members.js';
import { type StreamPair } from '../../routing/subjects.js';
import {
  readLogEntries,
  readLogEntry,
  streamFacts,
  type LogEntry,
  type LogPosition,
  type StreamFacts,
} from '../../routing/routed-log.js';
import { fenceShape, type RouterBucket } from '../../routing/router-bucket.js';
import { Doubt } from '../doubt.js';
import { eventsBehind } from './ingest.js';

/** Written every second, after each fence, and at the stop. */
export type Checkpoint = Readonly<z.infer<typeof checkpointShape>>;
export const checkpointShape = z.object({
  /** Creation times: a recreated stream has another one. */
  rawCreated: z.string(),
  routedCreated: z.string(),
  sequence: z.number().int(),
  rawSequence: z.number().int(),
});

export interface ResolvedPosition {
  readonly position: LogPosition;
  readonly rawCreated: string;
  readonly routedCreated: string;
  readonly checkpointRevision: number;
  /** Alarms for an operator: data was lost, and the router could not prevent it. */
  readonly alarms: readonly string[];
}

export interface Positions {
  /** @throws Doubt if the position is unknown: the router waits and does not guess */
  resolve(): Promise<ResolvedPosition>;
}

/** The log is read backwards past foreign messages: this many first, then four times as many. */
const FIRST_BLOCK = 1_000;
const LARGEST_BLOCK = 64_000;
/**
 * In a cluster a new leader's state may be late for a moment; a stream that lost its end stays
 * behind.
 */
const RAW_BEHIND_MS = 10_000;

export class PositionReader implements Positions {
  #rawBehindSince: number | undefined;

  constructor(
    private readonly nc: NatsConnection,
    private readonly bucket: RouterBucket,
    private readonly streams: StreamPair,
  ) {}

  async resolve(): Promise<ResolvedPosition> {
    const [raw, routed, stored] = await Promise.all([
      streamFacts(this.nc, this.streams.raw),
      streamFacts(this.nc, this.streams.routed),
      this.bucket.read(CHECKPOINT_KEY, checkpointShape),
    ]);
    const alarms: string[] = [];
    const checkpoint = stored.value;
    const routedAnew = checkpoint !== null && checkpoint.routedCreated !== routed.created;
    if (routedAnew) alarms.push(`${this.streams.routed} was made anew: what it held is lost`);
    let rawSequence = await this.#lastRawSequence(routed, raw, checkpoint, routedAnew, alarms);
    if (checkpoint !== null && checkpoint.rawCreated !== raw.created) {
      alarms.push(`${this.streams.raw} was made anew: it is read from its beginning`);
      rawSequence = 0;
    } else if (raw.lastSequence < rawSequence) {
      rawSequence = this.#rawBehind(raw.lastSequence, rawSequence, alarms);
    } else {
      this.#rawBehindSince = undefined;
      if (raw.firstSequence > rawSequence + 1) {
        alarms.push(
          `${this.streams.raw} begins at ${raw.firstSequence}, the position is ${rawSequence}: events were removed unrouted`,
        );
      }
    }
    return {
      position: { sequence: routed.lastSequence, rawSequence },
      rawCreated: raw.created,
      routedCreated: routed.created,
      checkpointRevision: stored.revision,
      alarms,
    };
  }

  async #lastRawSequence(
    routed: StreamFacts,
    raw: StreamFacts,
    checkpoint: Checkpoint | null,
    routedAnew: boolean,
    alarms: string[],
  ): Promise<number> {
    const last = routed.lastSequence;
    if (last === 0) return checkpoint?.rawSequence ?? 0;
    // A recreated log has other sequences, but the same RAW.
    const bound = routedAnew ? null : checkpoint;
    const isOwn = ({ sequence, rawSequence }: LogEntry): boolean =>
      rawSequence !== null && !isForged({ sequence, rawSequence }, bound, raw);
    const end = await readLogEntry(this.nc, this.streams.routed, { seq: last });
    if (end?.rawSequence != null && isOwn(end)) return end.rawSequence;
    const { own, foreign } = await this.#readBackwards(routed, bound, isOwn);
    const [first] = foreign;
    if (first !== undefined) {
      alarms.push(
        `${this.streams.routed} holds ${counted(foreign.length, 'message')} at its end, from sequence ${first} on, that no router wrote: nobody else may publish into it`,
      );
    }
    if (routedAnew) return own?.rawSequence ?? checkpoint?.rawSequence ?? 0;
    // Only foreign messages since the beginning: no router has written yet.
    if (own === null && checkpoint === null && foreign.length === last) return 0;
    if (own === null || (checkpoint !== null && checkpoint.sequence > last)) {
      throw new Doubt(
        'position',
        `the end of ${this.streams.routed} is gone, and there is no checkpoint`,
      );
    }
    // Foreign messages do not move the position.
    const missing = last - own.sequence - foreign.length;
    if (missing === 0) return own.rawSequence;
    // Messages were removed by hand. Counts forward from the last known one, if all counted events
    // are still in RAW and no fence or position message can be among them. With foreign messages
    // the missing ones are ambiguous. Skips an ingestor's own messages, as the router did.
    const fence = await this.bucket.read(FENCE_KEY, fenceShape);
    const whole = raw.messages === raw.lastSequence - raw.firstSequence + 1;
    const reached = await eventsBehind(this.nc, this.streams.raw, own.rawSequence, missing);
    if (
      first !== undefined ||
      (fence.value?.through ?? 0) > own.sequence ||
      !whole ||
      raw.firstSequence > own.rawSequence + 1 ||
      raw.lastSequence < reached
    ) {
      throw new Doubt(
        'position',
        `the end of ${this.streams.routed} is gone, and RAW cannot tell what it was`,
      );
    }
    return reached;
  }

  /**
   * The last message of a router, and the foreign ones after it. Stops at the checkpoint, which
   * tells the rest. (One request after the other stalled behind 3,000 foreign messages, and then
   * took them for events.)
   */
  async #readBackwards(
    routed: StreamFacts,
    checkpoint: Checkpoint | null,
    isOwn: (entry: LogEntry) => boolean,
  ): Promise<{ own: LogPosition | null; foreign: number[] }> {
    const foreign: number[] = [];
    const known =
      checkpoint !== null && checkpoint.sequence <= routed.lastSequence ? checkpoint : null;
    const beginning = Math.max(routed.firstSequence, (known?.sequence ?? 0) + 1);
    let to = routed.lastSequence;
    for (let block = FIRST_BLOCK; to >= beginning; block = Math.min(4 * block, LARGEST_BLOCK)) {
      const from = Math.max(beginning, to - block + 1);
      const entries = await readLogEntries(this.nc, this.streams.routed, { from, to });
      for (const entry of entries.reverse()) {
        if (entry.rawSequence !== null && isOwn(entry)) {
          const own = { sequence: entry.sequence, rawSequence: entry.rawSequence };
          return { own, foreign: foreign.reverse() };
        }
        foreign.push(entry.sequence);
      }
      to = from - 1;
    }
    return { own: known, foreign: foreign.reverse() };
  }

  #rawBehind(lastRaw: number, rawSequence: number, alarms: string[]): number {
    this.#rawBehindSince ??= performance.now();
    if (performance.now() - this.#rawBehindSince < RAW_BEHIND_MS) {
      throw new Doubt(
        'position',
        `${this.streams.raw} ends at ${lastRaw}, before the position ${rawSequence}`,
      );
    }
    this.#rawBehindSince = undefined;
    alarms.push(
      `${this.streams.raw} lost its end: it is read from ${lastRaw + 1}, the position was ${rawSequence}`,
    );
    return lastRaw;
  }
}

/**
 * While both streams are the same, a position never goes back. An older position is a stored copy.
 */
function isForged(entry: LogPosition, checkpoint: Checkpoint | null, raw: StreamFacts): boolean {
  return (
    checkpoint !== null &&
    checkpoint.rawCreated === raw.created &&
    entry.sequence > checkpoint.sequence &&
    entry.rawSequence < checkpoint.rawSequence
  );
}

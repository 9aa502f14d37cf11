/** Where to go on: read from the log itself, and from the checkpoint where the log's end is gone. */
import type { NatsConnection } from 'nats';
import { z } from 'zod';
import { CHECKPOINT_KEY, FENCE_SUBJECT, type StreamPair } from '../domain/routing.js';
import {
  readLogEntry,
  streamFacts,
  type LogPosition,
  type StreamFacts,
} from '../platform/routed-log.js';
import type { RouterBucket } from '../platform/router-bucket.js';
import { Doubt } from './doubt.js';

/** Written every second, after each fence, and on the way out. */
export type Checkpoint = Readonly<z.infer<typeof checkpointShape>>;
export const checkpointShape = z.object({
  /** Creation times: a stream made anew has another one. */
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
  /** What an operator has to know: data was lost before the router could help it. */
  readonly alarms: readonly string[];
}

export interface Positions {
  /** @throws Doubt where the position cannot be known: the router waits rather than guesses */
  resolve(): Promise<ResolvedPosition>;
}

/** Foreign messages at the log's end are stepped over, so far. */
const MAX_STEPS = 2_000;
/** In a cluster a new leader's state may trail for a moment; a stream that lost its tail stays behind. */
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
    let rawSequence = await this.#lastRawSequence(routed, raw, checkpoint, routedAnew);
    if (checkpoint !== null && checkpoint.rawCreated !== raw.created) {
      alarms.push(`${this.streams.raw} was made anew: it is read from its beginning`);
      rawSequence = 0;
    } else if (raw.lastSequence < rawSequence) {
      rawSequence = this.#rawBehind(raw.lastSequence, rawSequence, alarms);
    } else {
      this.#rawBehindSince = undefined;
      if (raw.messages > 0 && raw.firstSequence > rawSequence + 1) {
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
  ): Promise<number> {
    const last = routed.lastSequence;
    const tail = await this.#lastEntry(last);
    if (tail !== null && tail.sequence === last) return tail.rawSequence;
    if (routedAnew || last === 0) return tail?.rawSequence ?? checkpoint?.rawSequence ?? 0;
    if (checkpoint !== null && checkpoint.sequence === last) return checkpoint.rawSequence;
    // Removed by hand: counted forward from what is known, if every counted event is still in RAW. Each fence is
    // followed by a checkpoint before anything is routed, so none can be among the counted.
    const known = [tail, checkpoint]
      .filter((at) => at !== null)
      .sort((a, b) => b.sequence - a.sequence)[0];
    if (known === undefined || known.sequence > last) {
      throw new Doubt(
        'position',
        `the end of ${this.streams.routed} is gone, and there is no checkpoint`,
      );
    }
    const missing = last - known.sequence;
    const whole = raw.messages === raw.lastSequence - raw.firstSequence + 1;
    if (
      !whole ||
      raw.firstSequence > known.rawSequence + 1 ||
      raw.lastSequence < known.rawSequence + missing
    ) {
      throw new Doubt(
        'position',
        `the end of ${this.streams.routed} is gone, and RAW cannot tell what it was`,
      );
    }
    return known.rawSequence + missing;
  }

  /** The last message that a router wrote, at or before the end. */
  async #lastEntry(last: number): Promise<LogPosition | null> {
    if (last === 0) return null;
    let entry = await readLogEntry(this.nc, this.streams.routed, { seq: last });
    let foreign = 0;
    while (entry !== null && entry.rawSequence === null && foreign < MAX_STEPS) {
      foreign += 1;
      entry = await readLogEntry(this.nc, this.streams.routed, { seq: entry.sequence - 1 });
    }
    // Foreign messages move no position: the last of ours counts for the end.
    if (entry?.rawSequence != null) {
      return { sequence: entry.sequence + foreign, rawSequence: entry.rawSequence };
    }
    const remaining =
      (await readLogEntry(this.nc, this.streams.routed, { last_by_subj: '>' })) ??
      (await readLogEntry(this.nc, this.streams.routed, { last_by_subj: FENCE_SUBJECT }));
    if (remaining?.rawSequence == null) return null;
    return { sequence: remaining.sequence, rawSequence: remaining.rawSequence };
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

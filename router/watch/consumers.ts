/**
 * Watches the consumers of `ROUTED`. The stream drops its oldest messages by size and age, read or
 * not. A consumer whose oldest unread message is near that end is logged before the loss
 * (docs/routing.md).
 */
import type { ConsumerInfo, JetStreamManager, NatsConnection, StreamInfo } from 'nats';
import { messageOf } from '../../domain/errors.js';
import { every } from '../../platform/every.js';
import type { Logger } from '../../platform/log.js';
import { isNotFound } from '../../platform/nats-errors.js';

const EVERY_MS = 30_000;
/** A share of `max_bytes`, `max_msgs` or `max_age`: a message at this depth is dropped soon. */
const AT_RISK = 0.8;
/** Named in the log and in the metric; the rest are counted. */
const MAX_NAMED = 20;

export interface ConsumerAtRisk {
  readonly consumer: string;
  /** Messages that it has not acknowledged. */
  readonly unread: number;
  /** How near its oldest unread message is to being dropped, 0 to 1. */
  readonly depth: number;
}

export interface ConsumerWatchOptions {
  readonly nc: NatsConnection;
  readonly stream: string;
  /** Only one router looks: the writer. */
  readonly writer: () => boolean;
  readonly log: Logger;
  readonly everyMs?: number;
}

export class ConsumerWatch {
  readonly #looks: { close(): void };
  readonly #told = new Set<string>();
  atRisk: readonly ConsumerAtRisk[] = [];

  constructor(private readonly options: ConsumerWatchOptions) {
    this.#looks = every(options.everyMs ?? EVERY_MS, () => this.#look());
  }

  close(): void {
    this.#looks.close();
  }

  /** `consumer` label → how many: each named one, and `other`. */
  labels(): Map<string, number> {
    const labels = new Map(this.atRisk.slice(0, MAX_NAMED).map(({ consumer }) => [consumer, 1]));
    if (this.atRisk.length > MAX_NAMED) labels.set('other', this.atRisk.length - MAX_NAMED);
    return labels;
  }

  async #look(): Promise<void> {
    const { nc, stream, writer, log } = this.options;
    try {
      this.atRisk = writer() ? await consumersAtRisk(nc, stream) : [];
    } catch (error) {
      log.warn({ error: messageOf(error) }, `the consumers of ${stream} cannot be looked at`);
      return;
    }
    const now = new Set(this.atRisk.map(({ consumer }) => consumer));
    const fresh = this.atRisk.filter(({ consumer }) => !this.#told.has(consumer));
    this.#told.clear();
    for (const consumer of now) this.#told.add(consumer);
    if (fresh.length === 0) return;
    log.error(
      { consumers: fresh.slice(0, MAX_NAMED), count: fresh.length },
      `ALARM: consumers of ${stream} are about to lose what they have not read`,
    );
  }
}

/** The deepest first. */
async function consumersAtRisk(nc: NatsConnection, stream: string): Promise<ConsumerAtRisk[]> {
  const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  const info = await jsm.streams.info(stream);
  const { first_seq: first, first_ts: firstTime } = info.state;
  // If the stream's oldest message is not near its end, no consumer is at risk, and none is read.
  if (depthOf(info, first, new Date(firstTime)) < AT_RISK) return [];
  const found: ConsumerAtRisk[] = [];
  for await (const consumer of jsm.consumers.list(stream)) {
    const unread = consumer.num_pending + consumer.num_ack_pending;
    // A consumer that is not durable (`tail`, a test) only looks, and begins anywhere.
    if (unread === 0 || consumer.config.durable_name === undefined) continue;
    const oldest = await oldestUnread(jsm, info, consumer);
    if (oldest === null) continue;
    const depth = depthOf(info, oldest.sequence, oldest.time);
    if (depth >= AT_RISK) found.push({ consumer: consumer.name, unread, depth });
  }
  return found.sort((a, b) => b.depth - a.depth);
}

/**
 * The ack floor alone is not enough: a quiet sandbox has an old floor, and its next event may be
 * new.
 */
async function oldestUnread(
  jsm: JetStreamManager,
  { config, state }: StreamInfo,
  consumer: ConsumerInfo,
): Promise<{ sequence: number; time: Date } | null> {
  const from = Math.max(consumer.ack_floor.stream_seq + 1, state.first_seq);
  const { filter_subject: one, filter_subjects: several = [] } = consumer.config;
  const filters = one !== undefined && one !== '' ? [one] : several.length > 0 ? several : ['>'];
  const found = await Promise.all(
    filters.map(async (subject) => {
      try {
        // The client's type lacks `next_by_subj` here; the server accepts it.
        const query = { seq: from, next_by_subj: subject };
        const message = await jsm.streams.getMessage(config.name, query);
        return { sequence: message.seq, time: message.time };
      } catch (error) {
        if (isNotFound(error)) return null;
        throw error;
      }
    }),
  );
  const oldest = found.filter((one) => one !== null).sort((a, b) => a.sequence - b.sequence);
  return oldest[0] ?? null;
}

/**
 * 1: the next stored message replaces it. Assumes that bytes are spread evenly over the sequences.
 */
function depthOf({ config, state }: StreamInfo, sequence: number, time: Date): number {
  const behind = state.last_seq - sequence + 1;
  const share = behind / Math.max(1, state.last_seq - state.first_seq + 1);
  const age = (Date.now() - time.getTime()) * 1e6;
  return Math.max(
    config.max_bytes > 0 ? (state.bytes * share) / config.max_bytes : 0,
    config.max_msgs > 0 ? (state.messages * share) / config.max_msgs : 0,
    config.max_age > 0 ? age / config.max_age : 0,
  );
}

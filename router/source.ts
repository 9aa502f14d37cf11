/**
 * The input: a pull consumer on `RAW`, without acks, in memory, after the position. Every delivery
 * is checked; any but the next sequence is a doubt (docs/routing.md).
 */
import { AckPolicy, DeliverPolicy, nanos, ReplayPolicy, type NatsConnection } from 'nats';
import { MAX_UNCONFIRMED } from '../routing/members.js';
import { POSITION_PREFIX } from '../routing/subjects.js';
import { Doubt } from './doubt.js';
import type { Link, LinkMessage } from './wire/link.js';
import { readStatus } from './wire/status-line.js';

export interface Delivery {
  readonly subject: string;
  /** The header block with its blank line, or null. */
  readonly header: Uint8Array | null;
  readonly payload: Uint8Array;
  readonly rawSequence: number;
}

export interface SourceOptions {
  /** Creates and deletes the consumer. */
  readonly nc: NatsConnection;
  /** Carries its deliveries. */
  readonly link: Link;
  readonly stream: string;
  /** The first wanted sequence. */
  readonly from: number;
  readonly maxPayload: number;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly onDoubt: (doubt: Doubt) => void;
}

const HEARTBEAT_MS = 500;
const PULL_EXPIRES_MS = 10_000;
/** Two missed heartbeats, with room for a busy event loop. */
const SILENCE_MS = 3 * HEARTBEAT_MS;
/** A busy event loop may read a heartbeat so late. */
const SLACK_MS = HEARTBEAT_MS / 4;
/** Smaller room is not worth a pull's message. */
const SMALLEST_PULL = MAX_UNCONFIRMED / 4;
/** Small events come in large batches, large ones two at a time. */
const PULL_BYTES = 4 * 1024 * 1024;
/** Twice the protocol's largest message. */
const MAX_PULL_BYTES = 128 * 1024 * 1024;
/** After a `kill -9` the server removes the consumer by itself. */
const INACTIVE_MS = 5_000;

export class Source {
  readonly #options: SourceOptions;
  readonly #inbox: string;
  readonly #name: string;
  #unsubscribe: () => void = () => undefined;
  #watch: NodeJS.Timeout | undefined;
  #running = false;
  #wanted = 0;
  #lastConsumerSequence = 0;
  #lastRawSequence: number;
  #lastHeard = 0;
  /** The byte limit of a pull; it grows for events from a time when `RAW`'s limit was higher. */
  #pullBytes: number;
  #deliveredAtRefusal = -1;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#inbox = options.link.newInbox();
    this.#name = `router_${this.#inbox.slice(this.#inbox.lastIndexOf('.') + 1)}`;
    this.#lastRawSequence = options.from - 1;
    this.#pullBytes = Math.max(PULL_BYTES, 2 * options.maxPayload);
  }

  /** The last received sequence of `RAW`, including an ingestor's own messages. */
  get seen(): number {
    return this.#lastRawSequence;
  }

  async start(): Promise<void> {
    const { nc, link, stream, from } = this.#options;
    this.#unsubscribe = link.subscribe(`${this.#inbox}.*`, (message) => {
      if (this.#running) this.#take(message);
    });
    const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: 2_000 });
    await jsm.consumers.add(stream, {
      name: this.#name,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
      replay_policy: ReplayPolicy.Instant,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS),
    });
    this.#running = true;
    this.#lastHeard = performance.now();
    this.#watch = setTimeout(this.#checkSilence, SILENCE_MS);
  }

  /** Requests events up to `room`, the number that may be unconfirmed: this bounds memory. */
  request(room: number): void {
    const more = room - this.#wanted;
    if (!this.#running || more < SMALLEST_PULL) return;
    if (this.#wanted === 0) this.#lastHeard = performance.now();
    this.#wanted += more;
    const { link, stream } = this.#options;
    const pull = {
      batch: more,
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
      max_bytes: this.#pullBytes,
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#name}`;
    link.publish(subject, JSON.stringify(pull), `${this.#inbox}.${more}`);
  }

  /** No delivery after this; the consumer is deleted. */
  async stop(): Promise<void> {
    this.#halt();
    try {
      const jsm = await this.#options.nc.jetstreamManager({ checkAPI: false, timeout: 500 });
      await jsm.consumers.delete(this.#options.stream, this.#name);
    } catch {
      // The server removes it after its inactivity.
    }
  }

  #halt(): void {
    this.#running = false;
    clearTimeout(this.#watch);
    this.#unsubscribe();
  }

  #fail(reason: Doubt['reason'], detail: string): void {
    this.#halt();
    this.#options.onDoubt(new Doubt(reason, detail));
  }

  #take(message: LinkMessage): void {
    this.#lastHeard = performance.now();
    const { subject, delivery, header, payload } = message;
    if (delivery === null) {
      this.#takeStatus(message);
      return;
    }
    const { consumerSequence, rawSequence } = delivery;
    if (
      consumerSequence !== this.#lastConsumerSequence + 1 ||
      rawSequence <= this.#lastRawSequence
    ) {
      const last = `${this.#lastConsumerSequence}/${this.#lastRawSequence}`;
      this.#fail('gap', `delivery ${consumerSequence}/${rawSequence} after ${last}`);
      return;
    }
    this.#lastConsumerSequence = consumerSequence;
    this.#lastRawSequence = rawSequence;
    this.#wanted -= 1;
    // Skipped here: a consumer's filter costs the server more per event than this comparison.
    if (subject.startsWith(POSITION_PREFIX)) {
      this.onRoom();
      return;
    }
    this.#options.onDelivery({ subject, header, payload, rawSequence });
  }

  #takeStatus(message: LinkMessage): void {
    const { code, text, value } = readStatus(message.header);
    if (code === 100) return;
    const ended = code === 408 || code === 404 || /batch completed|exceeds maxbytes/i.test(text);
    if (!ended) {
      this.#fail('consumer', `${code} ${text}`);
      return;
    }
    if (/exceeds maxbytes/i.test(text)) this.#makeRoom();
    // The pull is over. Its unused part may be requested again.
    const asked = Number(message.subject.slice(this.#inbox.length + 1));
    const unused = value('Nats-Pending-Messages');
    this.#wanted -= /^[0-9]+$/.test(unused) ? Number(unused) : asked;
    if (this.#wanted < 0) this.#wanted = 0;
    this.onRoom();
  }

  /** Refused twice without a delivery between: the next event alone is too large for a pull. */
  #makeRoom(): void {
    if (this.#deliveredAtRefusal === this.#lastConsumerSequence)
      this.#pullBytes = Math.min(2 * this.#pullBytes, MAX_PULL_BYTES);
    this.#deliveredAtRefusal = this.#lastConsumerSequence;
  }

  /** Called when room appears without a confirmation; the engine then requests more. */
  onRoom: () => void = () => undefined;

  /** Wakes when the silence could be too long, not at each heartbeat. */
  readonly #checkSilence = (): void => {
    const silent = this.#wanted > 0 ? performance.now() - this.#lastHeard : 0;
    if (silent > SILENCE_MS) {
      this.#fail('heartbeat', `nothing heard of the consumer for ${SILENCE_MS} ms`);
      return;
    }
    this.#watch = setTimeout(this.#checkSilence, SILENCE_MS - silent + SLACK_MS);
  };
}

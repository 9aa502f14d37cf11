/** One term of writing: from a fence to the first doubt. */
import type { NatsConnection } from 'nats';
import type { Destinations, Limits } from '../routing/destination.js';
import { MAX_UNCONFIRMED } from '../routing/members.js';
import { type StreamPair } from '../routing/subjects.js';
import type { Logger } from '../platform/log.js';
import type { LogPosition } from '../routing/routed-log.js';
import { Doubt } from './doubt.js';
import { Chain } from './chain.js';
import type { Egress } from './egress.js';
import type { Link } from './wire/link.js';
import type { RouterMetrics } from './metrics.js';
import { routeDelivery } from './outgoing.js';
import { Source, type Delivery } from './source.js';

export interface WriterTermOptions {
  readonly nc: NatsConnection;
  readonly link: Link;
  readonly streams: StreamPair;
  readonly destinationOf: Destinations;
  readonly limits: Limits;
  readonly metrics: RouterMetrics;
  readonly log: Logger;
}

/** A limit in bytes too: 1,000 member chunks would be a gigabyte. */
const MAX_UNCONFIRMED_BYTES = 32 * 1024 * 1024;
const WARN_EVERY_MS = 1_000;
/**
 * Events requested and in flight, with room for position messages, so that a fence always covers
 * all (routing/members.ts). Requesting 3,000 more took 1 µs per event and 100 MB, and gained
 * nothing.
 */
const IN_FLIGHT = MAX_UNCONFIRMED - 40;

export class WriterTerm {
  readonly egress: Egress;
  readonly #source: Source;
  readonly #debug: boolean;
  #doubt: Doubt | undefined;
  #warnedAt = -Infinity;
  #onEnd: (doubt: Doubt) => void = () => undefined;
  /** Resolves with the doubt that ended the term. */
  readonly ended: Promise<Doubt>;

  constructor(
    behind: LogPosition,
    private readonly options: WriterTermOptions,
  ) {
    this.#debug = options.log.isLevelEnabled('debug');
    this.ended = new Promise((resolve) => {
      this.#onEnd = resolve;
    });
    const onDoubt = (doubt: Doubt): void => {
      this.doubt(doubt);
    };
    options.link.onLost = (detail) => {
      onDoubt(new Doubt('connection', detail));
    };
    this.egress = new Chain(options.link, behind, {
      onConfirmed: (run) => {
        options.metrics.confirmed(run);
        this.#request();
      },
      onDoubt,
    });
    this.#source = new Source({
      nc: options.nc,
      link: options.link,
      stream: options.streams.raw,
      from: behind.rawSequence + 1,
      maxPayload: options.limits.maxPayload,
      onDelivery: (delivery) => {
        this.#route(delivery);
      },
      onDoubt,
    });
    this.#source.onRoom = () => {
      this.#request();
    };
  }

  /** In `RAW`: everything up to here is stored in `ROUTED`, or needs no storing. */
  get passedRaw(): number {
    const { unconfirmed, confirmed } = this.egress;
    // After a doubt received events are not decided.
    if (unconfirmed > 0 || this.#doubt !== undefined) return confirmed.rawSequence;
    return Math.max(this.#source.seen, confirmed.rawSequence);
  }

  async start(): Promise<void> {
    await this.#source.start();
    this.#request();
  }

  /** Ends the term: nothing is decided after this. */
  doubt(doubt: Doubt): void {
    if (this.#doubt !== undefined) return;
    this.#doubt = doubt;
    this.#onEnd(doubt);
  }

  /**
   * Deletes the consumer. With `flush` it waits until all decided events are confirmed, or rejects.
   */
  async stop({ flush }: { readonly flush: boolean }): Promise<void> {
    this.#doubt ??= new Doubt('start', 'stopped');
    const stopped = this.#source.stop();
    try {
      if (flush) await this.egress.flush();
    } finally {
      this.egress.end();
      await stopped;
      this.options.link.close();
    }
  }

  #request(): void {
    const { unconfirmed, unconfirmedBytes } = this.egress;
    if (unconfirmedBytes < MAX_UNCONFIRMED_BYTES) this.#source.request(IN_FLIGHT - unconfirmed);
  }

  #route(delivery: Delivery): void {
    if (this.#doubt !== undefined) return;
    const { destinationOf, limits, metrics, log } = this.options;
    const { outgoing, destination } = routeDelivery(delivery, destinationOf, limits);
    this.egress.send(outgoing);
    metrics.hits += 1;
    if (destination.dlq !== null) this.#warn(delivery, destination.dlq);
    if (this.#debug) {
      const { rawSequence, subject } = delivery;
      log.debug(
        { rawSequence, from: subject, to: destination.subject, sandboxId: destination.sandboxId },
        'routed',
      );
    }
  }

  /** One line a second. The metric counts them all, and each has its reason in the DLQ. */
  #warn(delivery: Delivery, dlq: { readonly reason: string; readonly detail: string }): void {
    const now = performance.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.options.log.warn(
      { rawSequence: delivery.rawSequence, reason: dlq.reason },
      'an event went to the DLQ',
    );
  }
}

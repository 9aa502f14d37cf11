/**
 * The plain form of the egress: the client's own publish, each message naming the sequence that it must follow, a PubAck
 * asked for every 100th and for the last of each burst.
 */
import {
  createInbox,
  type Msg,
  type NatsConnection,
  type NatsError,
  type Subscription,
} from 'nats';
import { chained, headerBlock } from '../domain/event-headers.js';
import { FENCE_SUBJECT, HEADER_EXPECTED_LAST_SEQ, HEADER_RAW_SEQ } from '../domain/routing.js';
import { RawHeaders } from '../platform/raw-headers.js';
import type { LogPosition, PubAck } from '../platform/routed-log.js';
import { Doubt } from './doubt.js';
import type { Egress, EgressEvents, Outgoing } from './egress.js';

/** Per 100: 1.51 of the bare copy; a PubAck for each event: 1.24 (routing.md, "Pipeline"). */
const CONFIRM_EVERY = 100;
const ACK_TIMEOUT_MS = 2_000;
const EMPTY = new Uint8Array(0);

interface Run {
  position: LogPosition;
  labels: Map<string, number>;
  since: number;
  count: number;
  bytes: number;
  /** When its PubAck was asked for. */
  askedAt: number;
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (doubt: Doubt) => void;
}

export class Chain implements Egress {
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  readonly #timer: NodeJS.Timeout;
  readonly #asked: Run[] = [];
  #open: Run | undefined;
  /** Held back until the next one or the end of the burst, so that the burst's last one asks for the PubAck. */
  #held: Outgoing | undefined;
  #waiters: Waiter[] = [];
  #ended: Doubt | undefined;
  #head: LogPosition;
  #confirmed: LogPosition;
  unconfirmed = 0;
  unconfirmedBytes = 0;

  constructor(
    private readonly nc: NatsConnection,
    behind: LogPosition,
    private readonly events: EgressEvents,
  ) {
    this.#head = behind;
    this.#confirmed = behind;
    this.#subscription = nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        this.#takeAck(error, message);
      },
    });
    this.#timer = setInterval(() => {
      this.#checkTimeout();
    }, ACK_TIMEOUT_MS / 8);
  }

  get head(): LogPosition {
    return this.#head;
  }

  get confirmed(): LogPosition {
    return this.#confirmed;
  }

  send(event: Outgoing): void {
    if (this.#ended !== undefined) return;
    this.unconfirmed += 1;
    const bytes = event.payload.length + event.headers.length;
    this.unconfirmedBytes += bytes;
    const run = this.#openRun();
    run.count += 1;
    run.bytes += bytes;
    run.labels.set(event.label, (run.labels.get(event.label) ?? 0) + 1);
    const previous = this.#held;
    this.#held = event;
    if (previous === undefined) queueMicrotask(this.#endBurst);
    else this.#publish(previous, false);
    if (run.count >= CONFIRM_EVERY) this.#releaseHeld();
  }

  sendPosition(): void {
    if (this.#ended !== undefined) return;
    this.#releaseHeld();
    this.#openRun();
    const { sequence, rawSequence } = this.#head;
    this.#head = { sequence: sequence + 1, rawSequence };
    const headers = headerBlock({
      [HEADER_EXPECTED_LAST_SEQ]: sequence,
      [HEADER_RAW_SEQ]: rawSequence,
    });
    this.nc.publish(FENCE_SUBJECT, EMPTY, { headers: new RawHeaders(headers), reply: this.#ask() });
  }

  flush(): Promise<void> {
    this.#releaseHeld();
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const { sequence } = this.#head;
    if (this.#confirmed.sequence >= sequence) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ sequence, resolve, reject });
    });
  }

  end(): void {
    this.#stop(new Doubt('start', 'the term has ended'));
  }

  readonly #endBurst = (): void => {
    this.#releaseHeld();
  };

  #releaseHeld(): void {
    const event = this.#held;
    if (event === undefined || this.#ended !== undefined) return;
    this.#held = undefined;
    this.#publish(event, true);
  }

  #openRun(): Run {
    this.#open ??= {
      position: this.#head,
      labels: new Map(),
      since: performance.now(),
      count: 0,
      bytes: 0,
      askedAt: 0,
    };
    return this.#open;
  }

  #publish(event: Outgoing, confirm: boolean): void {
    const expected = this.#head.sequence;
    this.#head = { sequence: expected + 1, rawSequence: event.rawSequence };
    const headers = new RawHeaders(chained(event.headers, expected, event.rawSequence));
    const options = confirm ? { headers, reply: this.#ask() } : { headers };
    try {
      this.nc.publish(event.subject, event.payload, options);
    } catch (error) {
      this.#fail(new Doubt('connection', 'the client refused to publish', { cause: error }));
    }
  }

  /** Closes the open run at the head; its PubAck comes to the returned subject. */
  #ask(): string {
    const run = this.#openRun();
    this.#open = undefined;
    run.position = this.#head;
    run.askedAt = performance.now();
    this.#asked.push(run);
    return `${this.#inbox}.${this.#head.sequence}`;
  }

  #takeAck(error: NatsError | null, message: Msg): void {
    if (this.#ended !== undefined) return;
    if (error !== null) {
      this.#fail(new Doubt('connection', error.message));
      return;
    }
    if (message.headers?.code === 503) {
      this.#fail(new Doubt('no_responders', 'no stream answers'));
      return;
    }
    const ack = message.json<PubAck>();
    const expected = Number(message.subject.slice(this.#inbox.length + 1));
    if (ack.error !== undefined || ack.seq !== expected) {
      const answer = ack.error?.description ?? `stored at ${ack.seq}`;
      this.#fail(new Doubt('refused', `${answer}, expected ${expected}`));
      return;
    }
    this.#confirm(expected);
  }

  /** A PubAck confirms all before it, since each message follows its predecessor or is refused. */
  #confirm(sequence: number): void {
    for (let run = this.#asked[0]; run && run.position.sequence <= sequence; run = this.#asked[0]) {
      this.#asked.shift();
      this.unconfirmed -= run.count;
      this.unconfirmedBytes -= run.bytes;
      this.#confirmed = run.position;
      this.events.onConfirmed(run);
    }
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.sequence <= sequence);
    this.#waiters = this.#waiters.filter((waiter) => waiter.sequence > sequence);
    for (const { resolve } of due) resolve();
  }

  #checkTimeout(): void {
    const [oldest] = this.#asked;
    if (oldest !== undefined && performance.now() - oldest.askedAt > ACK_TIMEOUT_MS) {
      this.#fail(
        new Doubt(
          'ack_timeout',
          `no PubAck for ${oldest.position.sequence} in ${ACK_TIMEOUT_MS} ms`,
        ),
      );
    }
  }

  #fail(doubt: Doubt): void {
    if (this.#ended !== undefined) return;
    this.#stop(doubt);
    this.events.onDoubt(doubt);
  }

  #stop(doubt: Doubt): void {
    if (this.#ended !== undefined) return;
    this.#ended = doubt;
    clearInterval(this.#timer);
    try {
      this.#subscription.unsubscribe();
    } catch {
      // The connection is closed, and the subscription with it.
    }
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(doubt);
  }
}

/**
 * The chain: each message names its expected predecessor's sequence. The chain asks for a PubAck at
 * every 100th message and at each burst's last one. The link carries the bytes.
 */
import type { DlqReason } from '../routing/destination.js';
import { carriedHeaders } from '../routing/event-headers.js';
import { FENCE_SUBJECT } from '../routing/subjects.js';
import { MAX_UNCONFIRMED } from '../routing/members.js';
import type { LogPosition, PubAck } from '../routing/routed-log.js';
import { Doubt } from './doubt.js';
import type { Egress, EgressEvents, Outgoing } from './egress.js';
import type { ChainedMessage, Link, LinkMessage } from './wire/link.js';
import { readStatus } from './wire/status-line.js';

/** Every 100: 1.51 of the bare copy; every event: 1.24 (docs/routing.md). */
const CONFIRM_EVERY = 100;
const ACK_TIMEOUT_MS = 2_000;
const EMPTY = new Uint8Array(0);
const NO_HEADERS = carriedHeaders(null);

interface Run {
  position: LogPosition;
  labels: Map<string, number>;
  dead: DlqReason[];
  since: number;
  count: number;
  bytes: number;
  /** The time of the request for its PubAck. */
  askedAt: number;
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (doubt: Doubt) => void;
}

export class Chain implements Egress {
  readonly #inbox: string;
  readonly #unsubscribe: () => void;
  /** Runs while a PubAck is awaited: an idle router is not woken. */
  #timer: NodeJS.Timeout | undefined;
  readonly #asked: Run[] = [];
  #open: Run | undefined;
  /**
   * Held until the next event or the burst's end, so that the burst's last event asks for the
   * PubAck.
   */
  #held: Outgoing | undefined;
  #waiters: Waiter[] = [];
  #ended: Doubt | undefined;
  #head: LogPosition;
  #confirmed: LogPosition;
  unconfirmed = 0;
  unconfirmedBytes = 0;

  constructor(
    private readonly link: Link,
    behind: LogPosition,
    private readonly events: EgressEvents,
  ) {
    this.#head = behind;
    this.#confirmed = behind;
    this.#inbox = link.newInbox();
    this.#unsubscribe = link.subscribe(`${this.#inbox}.*`, (message) => {
      this.#takeAck(message);
    });
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
    if (event.dead !== null) run.dead.push(event.dead);
    const previous = this.#held;
    this.#held = event;
    if (previous === undefined) queueMicrotask(this.#endBurst);
    else this.#publish(previous, false);
    if (run.count >= CONFIRM_EVERY) this.#releaseHeld();
  }

  sendPosition(): boolean {
    if (this.#ended !== undefined) return false;
    this.#releaseHeld();
    // Messages beyond a fence's length could survive the fence.
    if (this.#head.sequence - this.#confirmed.sequence >= MAX_UNCONFIRMED) return false;
    this.#openRun();
    const { sequence, rawSequence } = this.#head;
    this.#head = { sequence: sequence + 1, rawSequence };
    const message = { subject: FENCE_SUBJECT, headers: NO_HEADERS, payload: EMPTY, rawSequence };
    this.#hand(message, sequence, this.#ask());
    return true;
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
      dead: [],
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
    this.#hand(event, expected, confirm ? this.#ask() : undefined);
  }

  #hand(message: ChainedMessage, expected: number, reply: string | undefined): void {
    try {
      this.link.publishChained(message, expected, reply);
    } catch (error) {
      this.#fail(new Doubt('connection', 'the connection takes nothing more', { cause: error }));
    }
  }

  /** Closes the open run at the head. Its PubAck arrives on the returned subject. */
  #ask(): string {
    const run = this.#openRun();
    this.#open = undefined;
    run.position = this.#head;
    run.askedAt = performance.now();
    this.#asked.push(run);
    this.#timer ??= setTimeout(this.#checkTimeout, ACK_TIMEOUT_MS);
    return `${this.#inbox}.${this.#head.sequence}`;
  }

  #takeAck(message: LinkMessage): void {
    if (this.#ended !== undefined) return;
    if (message.payload.length === 0) {
      const { code, text } = readStatus(message.header);
      this.#fail(
        code === 503
          ? new Doubt('no_responders', 'no stream answers')
          : new Doubt('refused', `an answer of no form: ${code} ${text}`),
      );
      return;
    }
    const ack = JSON.parse(Buffer.from(message.payload).toString('utf8')) as PubAck;
    const expected = Number(message.subject.slice(this.#inbox.length + 1));
    if (ack.error !== undefined || ack.seq !== expected) {
      const answer = ack.error?.description ?? `stored at ${ack.seq}`;
      this.#fail(new Doubt('refused', `${answer}, expected ${expected}`));
      return;
    }
    this.#confirm(expected);
  }

  /** A PubAck confirms all messages before it: each follows its predecessor or is refused. */
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

  readonly #checkTimeout = (): void => {
    this.#timer = undefined;
    const [oldest] = this.#asked;
    if (oldest === undefined) return;
    const left = oldest.askedAt + ACK_TIMEOUT_MS - performance.now();
    if (left >= 0) {
      this.#timer = setTimeout(this.#checkTimeout, Math.ceil(left) + 1);
      return;
    }
    const { sequence } = oldest.position;
    this.#fail(new Doubt('ack_timeout', `no PubAck for ${sequence} in ${ACK_TIMEOUT_MS} ms`));
  };

  #fail(doubt: Doubt): void {
    if (this.#ended !== undefined) return;
    this.#stop(doubt);
    this.events.onDoubt(doubt);
  }

  #stop(doubt: Doubt): void {
    if (this.#ended !== undefined) return;
    this.#ended = doubt;
    clearTimeout(this.#timer);
    this.#unsubscribe();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(doubt);
  }
}

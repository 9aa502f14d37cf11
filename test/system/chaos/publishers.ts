/** Publishers, each with its own connection and guilds, that count acknowledged events. */
import type { NatsConnection } from 'nats';
import { delay } from '../../../platform/deadline.js';
import { closeNats, newInbox, openNats } from '../../../platform/nats.js';
import { RawHeaders } from '../../../routing/raw-headers.js';
import { ChaosEvent } from './events.js';

/** The most messages without an answer: a server that is away must not fill our memory. */
const WINDOW = 20_000;

export class Publishers {
  readonly acknowledged: Uint8Array;
  #published = 0;
  #acks = 0;
  readonly #connections: NatsConnection[] = [];
  readonly #inboxes: string[] = [];

  private constructor(
    private readonly count: number,
    private readonly sandboxOf: (g: number) => string | null,
  ) {
    this.acknowledged = new Uint8Array(count);
  }

  static async open(
    url: string,
    publishers: number,
    count: number,
    sandboxOf: (g: number) => string | null,
  ): Promise<Publishers> {
    const all = new Publishers(count, sandboxOf);
    for (let i = 0; i < publishers; i++) await all.#connect(url, i);
    return all;
  }

  get published(): number {
    return this.#published;
  }

  get acks(): number {
    return this.#acks;
  }

  /**
   * Publishes in waves, so that faults hit both a busy and an almost idle stream. Resolves when all
   * is published.
   */
  async run(perSecond: number): Promise<void> {
    let owed = 0;
    for (let last = performance.now(); this.#published < this.count;) {
      await delay(4);
      const now = performance.now();
      const wave = 1 + 0.9 * Math.sin(now / 700);
      owed += ((now - last) / 1_000) * perSecond * wave;
      last = now;
      for (; owed >= 1 && this.#published < this.count; owed--) {
        if (this.#published - this.#acks > WINDOW + this.#missing) break;
        this.#publish(this.#published++);
      }
      owed = Math.min(owed, perSecond / 4);
      this.#notice(now);
    }
  }

  /** Resolves when no more answers come. */
  async quiet(): Promise<void> {
    for (let still = 0, seen = -1; still < 20 && this.#acks < this.#published; still++) {
      if (this.#acks !== seen) still = 0;
      seen = this.#acks;
      await delay(50);
    }
  }

  *events(): Generator<ChaosEvent> {
    for (let n = 0; n < this.#published; n++) yield this.event(n);
  }

  event(n: number): ChaosEvent {
    return new ChaosEvent(n, this.acknowledged[n] === 1, this.sandboxOf);
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map(closeNats));
  }

  /** Answers that a killed server will never send. */
  #missing = 0;
  #heardAt = 0;
  #heard = 0;

  #notice(now: number): void {
    if (this.#acks !== this.#heard) {
      this.#heard = this.#acks;
      this.#heardAt = now;
    } else if (now - this.#heardAt > 3_000) {
      this.#missing = this.#published - this.#acks;
    }
  }

  async #connect(url: string, index: number): Promise<void> {
    const nc = await openNats(url, `publisher ${index}`);
    const inbox = newInbox(nc);
    nc.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error !== null || message.data.length === 0) return;
        const ack = message.json<{ error?: unknown }>();
        const n = Number(message.subject.slice(inbox.length + 1));
        if (ack.error !== undefined || this.acknowledged[n] === 1) return;
        this.acknowledged[n] = 1;
        this.#acks += 1;
      },
    });
    this.#connections.push(nc);
    this.#inboxes.push(inbox);
  }

  #publish(n: number): void {
    const event = this.event(n);
    // One publisher sends all events of a guild, as one gateway shard does. Only then do they have
    // an order.
    const index = event.guildNumber % this.#connections.length;
    const lines = event.ownHeaders;
    const text = `NATS/1.0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
    const block = Buffer.from(text, 'latin1');
    this.#connections[index]?.publish(event.rawSubject, event.payload, {
      ...(lines.length === 0 ? {} : { headers: new RawHeaders(block) }),
      reply: `${this.#inboxes[index] ?? ''}.${n}`,
    });
  }
}

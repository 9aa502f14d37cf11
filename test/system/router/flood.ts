/** Publishes numbered events into `RAW`, and reads back the content of `ROUTED`. */
import { AckPolicy, DeliverPolicy, type NatsConnection, type PubAck } from 'nats';
import { HEADER_EXPECTED_LAST_SEQ, HEADER_RAW_SEQ } from '../../../routing/event-headers.js';
import { FENCE_SUBJECT, STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { newInbox } from '../../../platform/nats.js';
import { headerBytes, RawHeaders } from '../../../routing/raw-headers.js';
import { readLogEntry, streamFacts } from '../../../routing/routed-log.js';
import { check, type PublishedEvent, type StoredEvent, type Verdict } from './checker.js';

export interface EventPlan {
  readonly guildId: string | null;
  readonly type: string;
  readonly allowed: readonly string[];
}

const FILLER = 'x'.repeat(500);

export class Flood {
  readonly published: PublishedEvent[] = [];
  readonly #acknowledged = new Set<number>();
  readonly #inbox: string;

  constructor(private readonly nc: NatsConnection) {
    this.#inbox = newInbox(nc);
    nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null || message.data.length === 0) return;
        const ack = message.json<PubAck & { error?: unknown }>();
        if (ack.error === undefined)
          this.#acknowledged.add(Number(message.subject.split('.').pop()));
      },
    });
  }

  publish({ guildId, type, allowed }: EventPlan): void {
    const n = this.published.length;
    const d = guildId === null ? { n } : { n, guild_id: guildId };
    const payload = Buffer.from(JSON.stringify({ t: type, s: n, op: 0, d, filler: FILLER }));
    const headers = [`X-Number: ${n}`, 'x-trace:  two spaces and a tab\t', 'X-Number: again'];
    this.published.push({ n, guildId, payload, headers, allowed, acknowledged: false });
    const block = new RawHeaders(Buffer.from(`NATS/1.0\r\n${headers.join('\r\n')}\r\n\r\n`));
    this.nc.publish(`events.raw.${type}`, payload, {
      headers: block,
      reply: `${this.#inbox}.${n}`,
    });
  }

  /** Publishes `count` events at about `perSecond`; `plan` gives each. */
  async run(count: number, perSecond: number, plan: (n: number) => EventPlan): Promise<void> {
    const began = performance.now();
    for (let i = 0; i < count;) {
      const due = Math.min(count, Math.ceil(((performance.now() - began) / 1_000) * perSecond));
      for (; i < due; i++) this.publish(plan(i));
      await delay(2);
    }
    await this.quiet();
  }

  /** Resolves when all is acknowledged, or (after a server's death) no more answers come. */
  async quiet(): Promise<void> {
    let seen = -1;
    for (let still = 0; still < 10 && this.acknowledged < this.published.length; still++) {
      if (this.acknowledged !== seen) still = 0;
      seen = this.acknowledged;
      await delay(50);
    }
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  events(): PublishedEvent[] {
    return this.published.map((event) => ({
      ...event,
      acknowledged: this.#acknowledged.has(event.n),
    }));
  }
}

/** The number in the payload, or in the headers if the payload is empty. */
export function numberOf({ payload, headers }: StoredEvent): number | null {
  const text =
    payload.length > 0
      ? Buffer.from(payload.subarray(0, 200)).toString('latin1')
      : `"n":${headers.find((line) => line.startsWith('X-Number: '))?.slice(10)}`;
  const match = /"n":([0-9]+)/.exec(text);
  return match === null ? null : Number(match[1]);
}

/** Waits until the last of `RAW` is in `ROUTED`. */
export async function drained(nc: NatsConnection, timeoutMs = 30_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    // A server that has just been killed may not answer yet.
    const seen = await ends(nc).catch(() => null);
    if (seen !== null && seen.raw === seen.routed) return;
    if (Date.now() > until) throw new Error(`not drained: ${JSON.stringify(seen)}`);
    await delay(50);
  }
}

/** The last sequence of `RAW`, and the one at the end of `ROUTED`. */
async function ends(nc: NatsConnection): Promise<{ raw: number; routed: number | null }> {
  const [raw, routed] = await Promise.all([
    streamFacts(nc, STREAMS.raw),
    streamFacts(nc, STREAMS.routed),
  ]);
  const { lastSequence } = routed;
  const last =
    lastSequence === 0 ? null : await readLogEntry(nc, STREAMS.routed, { seq: lastSequence });
  return { raw: raw.lastSequence, routed: last?.rawSequence ?? null };
}

const OWN = new RegExp(`^(${HEADER_EXPECTED_LAST_SEQ}|${HEADER_RAW_SEQ}): [0-9]+$`);

/** The stored events in order, without the router's position messages. */
export async function readRouted(nc: NatsConnection): Promise<StoredEvent[]> {
  const stored: StoredEvent[] = [];
  for await (const event of storedIn(nc, STREAMS.routed)) stored.push(event);
  return stored;
}

/** The same one by one, for any stream. */
export async function* storedIn(nc: NatsConnection, stream: string): AsyncGenerator<StoredEvent> {
  const { messages, lastSequence } = await streamFacts(nc, stream);
  if (messages === 0) return;
  const jsm = await nc.jetstreamManager({ checkAPI: false });
  const info = await jsm.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    inactive_threshold: 30_000_000_000,
  });
  const consumer = await nc.jetstream().consumers.get(stream, info.name);
  const iterator = await consumer.consume({ max_messages: 2_000 });
  for await (const message of iterator) {
    if (message.subject !== FENCE_SUBJECT) {
      const raw = headerBytes(
        (message as unknown as { msg: Parameters<typeof headerBytes>[0] }).msg,
      );
      const lines = Buffer.from(raw ?? [])
        .toString('latin1')
        .split('\r\n')
        .slice(1, -2);
      yield {
        sequence: message.seq,
        subject: message.subject,
        payload: message.data,
        headers: lines.filter((line) => !OWN.test(line)),
      };
    }
    if (message.seq >= lastSequence) break;
  }
}

export async function verdict(nc: NatsConnection, flood: Flood): Promise<Verdict> {
  return check(flood.events(), await readRouted(nc), numberOf);
}

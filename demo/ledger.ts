/** The demo's own record of publishes, compared with the events on the servers. */
import type { JsMsg, NatsConnection } from 'nats';
import type { CorpusEvent } from '../fixtures/events/index.js';

export const HEADER_ID = 'Demo-Id';

export interface Published {
  readonly demoId: string;
  readonly subject: string;
  readonly payload: string;
  /** `sandbox.<id>.`, `''` for production, `dlq.` for the dead-letter queue. */
  readonly destination: string;
  /** Events of one source keep their order at their destination. */
  readonly order: string;
}

export interface Found {
  readonly demoId: string;
  readonly subject: string;
  readonly payload: string;
}

export interface Account {
  readonly perDestination: ReadonlyMap<string, { published: number; found: number }>;
  readonly lost: number;
  readonly duplicated: number;
  readonly misrouted: number;
  readonly reordered: number;
  readonly altered: number;
}

export function destinationOf(event: CorpusEvent, sandboxOf: ReadonlyMap<string, string>): string {
  const { expected } = event;
  if (expected.kind === 'dlq') return 'dlq.';
  const sandboxId = expected.kind === 'guild' ? sandboxOf.get(expected.guildId) : undefined;
  return sandboxId === undefined ? '' : `sandbox.${sandboxId}.`;
}

/** The egress prefix of a stored subject. */
function prefixOf(subject: string): string {
  if (subject.startsWith('dlq.')) return 'dlq.';
  return /^sandbox\.[^.]+\./.exec(subject)?.[0] ?? '';
}

export function settle(published: readonly Published[], found: readonly Found[]): Account {
  const perDestination = new Map<string, { published: number; found: number }>();
  const at = (prefix: string) => {
    const entry = perDestination.get(prefix) ?? { published: 0, found: 0 };
    perDestination.set(prefix, entry);
    return entry;
  };
  const copies = new Map<string, Found[]>();
  for (const event of found) {
    at(prefixOf(event.subject)).found += 1;
    copies.set(event.demoId, [...(copies.get(event.demoId) ?? []), event]);
  }
  let lost = 0;
  let duplicated = 0;
  let misrouted = 0;
  let altered = 0;
  for (const event of published) {
    at(event.destination).published += 1;
    const mine = copies.get(event.demoId) ?? [];
    if (mine.length === 0) lost += 1;
    duplicated += Math.max(0, mine.length - 1);
    for (const copy of mine) {
      const plain = event.subject.replace(/^(events|commands)\.raw\./, '$1.');
      const subject = event.destination === 'dlq.' ? copy.subject : event.destination + plain;
      if (copy.subject !== subject || prefixOf(copy.subject) !== event.destination) misrouted += 1;
      if (copy.payload !== event.payload) altered += 1;
    }
  }
  return {
    perDestination,
    lost,
    duplicated,
    misrouted,
    altered,
    reordered: countReordered(published, found),
  };
}

function countReordered(published: readonly Published[], found: readonly Found[]): number {
  const place = new Map(published.map((event, i) => [event.demoId, { i, order: event.order }]));
  const last = new Map<string, number>();
  let reordered = 0;
  for (const { demoId } of found) {
    const known = place.get(demoId);
    if (known === undefined) continue;
    if (known.i < (last.get(known.order) ?? -1)) reordered += 1;
    else last.set(known.order, known.i);
  }
  return reordered;
}

/** All events of `ROUTED` with a demo id, in order. */
export async function readBack(nc: NatsConnection, stream = 'ROUTED'): Promise<Found[]> {
  const found: Found[] = [];
  const { state } = await (await nc.jetstreamManager()).streams.info(stream);
  if (state.messages === 0) return found;
  const consumer = await nc.jetstream().consumers.get(stream, {});
  const messages: AsyncIterable<JsMsg> = await consumer.consume({ max_messages: 1_000 });
  for await (const message of messages) {
    const demoId = message.headers?.get(HEADER_ID) ?? '';
    if (demoId !== '')
      found.push({
        demoId,
        subject: message.subject,
        payload: Buffer.from(message.data).toString(),
      });
    if (message.info.pending === 0) break;
  }
  return found;
}

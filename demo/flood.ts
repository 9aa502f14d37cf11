/** Publishes the corpus of Discord events for several guilds into RAW, as an ingestor would. */
import { headers } from 'nats';
import { corpus } from '../fixtures/events/index.js';
import { closeNats, openNats } from '../platform/nats.js';
import { destinationOf, HEADER_ID, type Published } from './ledger.js';

export interface FloodOptions {
  readonly ingestUrl: string;
  readonly guilds: readonly string[];
  readonly rounds: number;
  readonly sandboxOf: ReadonlyMap<string, string>;
  /** Called once, after half of the events. */
  readonly halfway: () => Promise<void>;
}

export interface Flood {
  readonly published: readonly Published[];
}

/** The most publishes in flight. */
const IN_FLIGHT = 256;

export async function flood(options: FloodOptions): Promise<Flood> {
  const { ingestUrl, guilds, rounds, sandboxOf, halfway } = options;
  const events = guilds.flatMap((guild, i) =>
    corpus({
      guild,
      otherGuild: guilds[(i + 1) % guilds.length] ?? guild,
      user: '4567890123456789012',
      channel: '5678901234567890123',
    }).map((event) => ({ event, guild })),
  );
  const nc = await openNats(ingestUrl, 'demo ingest');
  const js = nc.jetstream();
  const published: Published[] = [];
  try {
    let pending: Promise<unknown>[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const { event, guild } of events) {
        const demoId = `${published.length}`;
        const header = headers();
        header.set(HEADER_ID, demoId);
        pending.push(
          js.publish(event.subject, event.payload, { headers: header, timeout: 20_000 }),
        );
        const destination = destinationOf(event, sandboxOf);
        published.push({
          demoId,
          subject: event.subject,
          payload: event.payload,
          destination,
          order: `${guild} ${destination}`,
        });
        if (pending.length === IN_FLIGHT) {
          await Promise.all(pending);
          pending = [];
        }
        if (published.length === Math.floor((events.length * rounds) / 2)) await halfway();
      }
    }
    await Promise.all(pending);
  } finally {
    await closeNats(nc);
  }
  return { published };
}

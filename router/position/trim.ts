/**
 * Frees room in `RAW`: removes confirmed messages, but not the newest of an ingestor's position.
 */
import type { NatsConnection } from 'nats';
import { RAW_EVENT_SUBJECTS } from '../../routing/subjects.js';
import { newestPositions } from './ingest.js';

export interface Trim {
  /** The last sequence that may be removed. */
  readonly confirmed: number;
  /** The wanted size afterwards, if possible. */
  readonly bytes: number;
}

/**
 * Purging below a sequence drops whole blocks; a filter picks single messages, slowly. So first
 * everything below the oldest message that must stay goes (a live ingestor wrote it within the
 * hour), then single messages if that is not enough.
 * @returns the number of removed messages
 */
export async function trimRaw(
  nc: NatsConnection,
  stream: string,
  { confirmed, bytes }: Trim,
): Promise<number> {
  const { streams } = await nc.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  const newest = await newestPositions(nc, stream);
  const kept = [...newest.values()].filter((sequence) => sequence <= confirmed);
  const below = Math.min(confirmed + 1, ...kept);
  // The server takes sequence 1 for "all of it" (nats-server 2.15.1).
  let purged = below > 1 ? (await streams.purge(stream, { seq: below })).purged : 0;
  if (kept.length === 0 || (await streams.info(stream)).state.bytes <= bytes) return purged;
  for (const filter of RAW_EVENT_SUBJECTS)
    purged += (await streams.purge(stream, { filter, seq: confirmed + 1 })).purged;
  for (const filter of newest.keys())
    purged += (await streams.purge(stream, { filter, keep: 1 })).purged;
  return purged;
}

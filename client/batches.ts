/**
 * Splits a list of events into requests that the API accepts: at most 1,000 events and 1 MiB each.
 */
import type { EventToEmit } from '../domain/events.js';

const MOST_EVENTS = 1_000;
/** Below the API's limit of 1,048,576, with room for the object around the events. */
const MOST_BYTES = 1_000_000;

/** An event over the limit gets its own batch, and the API refuses that. */
export function* batchesOf(events: Iterable<EventToEmit>): Generator<EventToEmit[]> {
  const encoder = new TextEncoder();
  let batch: EventToEmit[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = encoder.encode(JSON.stringify(event)).byteLength + 1;
    if (batch.length > 0 && (batch.length === MOST_EVENTS || bytes + size > MOST_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Publishes events for one sandbox. The subject names the sandbox; the event's guild does not
 * matter (docs/routing.md).
 */
import type { NatsConnection } from 'nats';
import { invalid, SandboxError } from '../domain/errors.js';
import type { EventToEmit } from '../domain/events.js';
import { addressedSubject, isEventType } from '../routing/addressed.js';
import { publishRaw, type RawEvent } from '../routing/raw-publisher.js';
import type { SandboxRecord } from '../store/sandboxes.js';

/**
 * @returns the sequences in RAW, in order
 * @throws SANDBOX_007 unless the sandbox runs, SANDBOX_008 for an invalid type, SANDBOX_009,
 * SANDBOX_010
 */
export async function emitTo(
  { sandboxId, name, status }: SandboxRecord,
  connect: () => Promise<NatsConnection>,
  events: Iterable<EventToEmit>,
  key?: string,
): Promise<number[]> {
  if (status !== 'running') {
    throw new SandboxError('SANDBOX_007', `sandbox ${name} is ${status}, not running`);
  }
  function* addressed(): Generator<RawEvent> {
    for (const { family = 'events', type, payload } of events) {
      if (!isEventType(type)) {
        throw invalid(
          'event type',
          type,
          'use up to 512 characters, tokens without blanks, "*" and ">" joined by "."',
        );
      }
      yield { subject: addressedSubject(family, sandboxId, type), payload };
    }
  }
  return publishRaw(await connect(), addressed(), key);
}

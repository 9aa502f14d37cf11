/** Publishes into RAW and waits until it is stored. No other code does. */
import { ErrorCode, NatsError, type NatsConnection } from 'nats';
import { SandboxError } from '../domain/errors.js';

export interface RawEvent {
  readonly subject: string;
  readonly payload: string | Uint8Array;
}

/** The most acknowledgements in flight. */
const IN_FLIGHT = 256;
const ACK_MS = 5_000;

/**
 * Stores the events in order. A failure stops it; earlier events are stored.
 * @param events created one by one, so that a million need no memory
 * @returns the sequences of RAW
 * @throws SANDBOX_009 if RAW does not store them, SANDBOX_010 if this user may not publish there
 */
export async function publishRaw(
  nc: NatsConnection,
  events: Iterable<RawEvent>,
  key?: string,
): Promise<number[]> {
  const js = nc.jetstream();
  const sequences: number[] = [];
  const iterator = events[Symbol.iterator]();
  try {
    for (;;) {
      const batch = take(iterator, IN_FLIGHT);
      if (batch.length === 0) return sequences;
      const acks = await Promise.all(
        batch.map(({ subject, payload }, i) => {
          const id = key === undefined ? {} : { msgID: `${key}-${sequences.length + i}` };
          return js.publish(subject, payload, { timeout: ACK_MS, ...id });
        }),
      );
      for (const { seq } of acks) sequences.push(seq);
    }
  } catch (error) {
    throw refused(error);
  }
}

function take<T>(iterator: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = iterator.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** Explains a refusal of the stream or the server, or a missing stream. */
function refused(error: unknown): unknown {
  if (!(error instanceof NatsError)) return error;
  if (error.code === ErrorCode.PermissionsViolation) {
    return new SandboxError('SANDBOX_010', `NATS refuses to publish it: ${error.message}`, {
      hint: 'The user of `bd` must be allowed to publish events.raw.for.> and commands.raw.for.>.',
      cause: error,
    });
  }
  const said = error.api_error?.description ?? error.message;
  const away = error.isJetStreamError() || error.code === ErrorCode.NoResponders;
  return new SandboxError(
    'SANDBOX_009',
    `NATS has not stored the event: ${away ? `RAW says ${said}` : said}`,
    {
      hint: 'Is RAW full, or missing? `bd migrate --check`, and the runbook, "Publishers are refused".',
      details: { dependency: 'nats' },
      cause: error,
    },
  );
}

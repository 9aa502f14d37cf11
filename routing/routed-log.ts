/**
 * `ROUTED` as the router's log. Its last message holds the position; a fence stops messages that
 * earlier writers still have in flight (docs/routing.md).
 */
import type { NatsConnection, StoredMsg } from 'nats';
import { headerBlock, rawSequenceIn } from './event-headers.js';
import { FENCE_SUBJECT } from './subjects.js';
import { HEADER_EXPECTED_LAST_SEQ, HEADER_RAW_SEQ } from './event-headers.js';
import { MAX_UNCONFIRMED } from './members.js';
import { DeadlineError, withDeadline } from '../platform/deadline.js';
import { newInbox } from '../platform/nats.js';
import { isNotFound } from '../platform/nats-errors.js';
import { RawHeaders, storedHeaderBytes } from './raw-headers.js';

/**
 * The place of the next event: after this sequence of `ROUTED`, which came from this sequence of
 * `RAW`.
 */
export interface LogPosition {
  readonly sequence: number;
  readonly rawSequence: number;
}

export interface StreamFacts {
  readonly created: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly messages: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

/** From the stream's leader. @throws NatsError if there is no such stream */
export async function streamFacts(nc: NatsConnection, stream: string): Promise<StreamFacts> {
  const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: 2_000 });
  const { created, state, config } = await jsm.streams.info(stream);
  return {
    created,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    messages: state.messages,
    bytes: state.bytes,
    maxBytes: config.max_bytes,
  };
}

export interface LogEntry {
  readonly sequence: number;
  readonly subject: string;
  /** null: not written by a router. */
  readonly rawSequence: number | null;
}

/**
 * One message of `ROUTED` from its leader, or null if it is gone. A replica's direct answer could
 * be old.
 */
export async function readLogEntry(
  nc: NatsConnection,
  stream: string,
  query: { seq: number } | { last_by_subj: string },
): Promise<LogEntry | null> {
  const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: 2_000 });
  let message: StoredMsg;
  try {
    message = await jsm.streams.getMessage(stream, query);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
  return {
    sequence: message.seq,
    subject: message.subject,
    rawSequence: rawSequenceIn(storedHeaderBytes(message)),
  };
}

/** Requests at once: a read is seldom of more than a few, and a router may not make a consumer. */
const READ_AT_ONCE = 250;

/** The remaining messages of `ROUTED` with sequences `from` to `to`, in order. */
export async function readLogEntries(
  nc: NatsConnection,
  stream: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let start = from; start <= to; start += READ_AT_ONCE) {
    const count = Math.min(READ_AT_ONCE, to - start + 1);
    const batch = await Promise.all(
      Array.from({ length: count }, (_, i) => readLogEntry(nc, stream, { seq: start + i })),
    );
    entries.push(...batch.filter((entry) => entry !== null));
  }
  return entries;
}

export class FenceRefused extends Error {
  override readonly name = 'FenceRefused';
}

/** The server's answer to a publish. */
export interface PubAck {
  readonly seq?: number;
  readonly error?: { readonly description?: string; readonly err_code?: number };
}

/**
 * Appends a fence behind `position`; returns the position behind the fence. A message in flight
 * expects a sequence that the fence takes, so it is never stored. The fence has MAX_UNCONFIRMED
 * messages in one atomic batch, which nothing can interrupt (16 ms for 1,000).
 * @throws FenceRefused if a message was stored behind `position` meanwhile: read it again
 */
export async function writeFence(
  nc: NatsConnection,
  position: LogPosition,
  { timeoutMs = 3_000, length = MAX_UNCONFIRMED } = {},
): Promise<LogPosition> {
  const inbox = newInbox(nc);
  const batch = inbox.slice(inbox.lastIndexOf('.') + 1);
  let subscription: ReturnType<NatsConnection['subscribe']> | undefined;
  const answer = new Promise<PubAck>((resolve, reject) => {
    subscription = nc.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) reject(error);
        else if (message.headers?.code === 503)
          reject(new FenceRefused('no stream takes the fence'));
        // The first message's answer is empty if the batch is accepted.
        else if (message.data.length > 0) resolve(message.json<PubAck>());
      },
    });
  });
  try {
    for (let i = 1; i <= length; i++) {
      const headers = headerBlock({
        'Nats-Batch-Id': batch,
        'Nats-Batch-Sequence': i,
        ...(i === 1 ? { [HEADER_EXPECTED_LAST_SEQ]: position.sequence } : {}),
        ...(i === length ? { 'Nats-Batch-Commit': 1 } : {}),
        [HEADER_RAW_SEQ]: position.rawSequence,
      });
      const reply = i === 1 || i === length ? { reply: inbox } : {};
      nc.publish(FENCE_SUBJECT, new Uint8Array(0), { headers: new RawHeaders(headers), ...reply });
    }
    const ack = await withDeadline(answer, timeoutMs, 'the fence');
    const sequence = position.sequence + length;
    if (ack.error !== undefined) throw new FenceRefused(ack.error.description ?? 'refused');
    if (ack.seq !== sequence) throw new FenceRefused(`stored at ${ack.seq}, expected ${sequence}`);
    return { sequence, rawSequence: position.rawSequence };
  } catch (error) {
    if (error instanceof DeadlineError) throw new FenceRefused(error.message);
    throw error;
  } finally {
    subscription?.unsubscribe();
  }
}

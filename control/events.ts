/** A sandbox's live events, read from the stream itself. The bot's consumer loses nothing. */
import { NatsError, type StoredMsg, type StreamState } from 'nats';
import { rawSequenceIn } from '../routing/event-headers.js';
import { classify } from '../discord/guild-of-event.js';
import { natsPrefix, type SandboxId } from '../domain/names.js';
import { STREAMS } from '../routing/subjects.js';
import { delay } from '../platform/deadline.js';
import { natsApiPrefixOf } from '../platform/nats-authority.js';
import type { StoredEvent } from '../routing/batch-reader.js';
import { storedHeaderBytes } from '../routing/raw-headers.js';
import { isNotFound } from '../platform/nats-errors.js';
import type { EventsOptions, ReadingOptions, SandboxEvent } from '../domain/events.js';
import type { Connections } from './connections.js';

/** The pause between two looks for a new event. */
const POLL_MS = 100;
const ASK_MS = 2_000;

/** NATS is away, or connects or disconnects: the request is retried. */
const AWAY = new Set(['TIMEOUT', '503', 'DISCONNECT', 'CONNECTION_REFUSED']);

/**
 * The first message of a subject at or after a sequence; null if there is none or the reading has
 * ended.
 */
type FirstAt = (sequence: number, subject: string) => Promise<StoredMsg | null>;

/** `ROUTED`, message by message. */
interface Reading {
  /** Null if the stream is missing or the reading has ended. */
  readonly state: StreamState | null;
  readonly firstAt: FirstAt;
  readonly aborted: Promise<null>;
}

/**
 * Reads message by message, by sequence. A consumer would need wider rights, because its owner
 * chooses where its deliveries go. This reading leaves no trace on the server and survives its
 * restart.
 */
async function openReading(
  connections: Connections,
  { signal, onAway }: ReadingOptions,
): Promise<Reading> {
  const nc = await connections.nats();
  // The subject prefix of JetStream's API on this connection; undefined is the default.
  const apiPrefix = natsApiPrefixOf(connections.addresses.nats);
  const { streams } = await nc.jetstreamManager({
    ...{ checkAPI: false, timeout: ASK_MS },
    ...(apiPrefix === undefined ? {} : { apiPrefix }),
  });
  const aborted = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const answerOf = async <T>(ask: () => Promise<T>): Promise<T | null> => {
    for (let away = false; !signal.aborted; away = true) {
      try {
        return await Promise.race([ask(), aborted]);
      } catch (error) {
        if (!(error instanceof NatsError)) throw error;
        if (isNotFound(error)) return null;
        if (!AWAY.has(error.code)) throw error;
        if (!away) onAway?.('nats');
        await Promise.race([delay(POLL_MS), aborted]);
      }
    }
    return null;
  };
  const firstAt: FirstAt = (sequence, subject) => {
    const query: { seq: number; next_by_subj: string } = { seq: sequence, next_by_subj: subject };
    return answerOf(() => streams.getMessage(STREAMS.routed, query));
  };
  const routed = await answerOf(() => streams.info(STREAMS.routed));
  return { state: routed?.state ?? null, firstAt, aborted };
}

/** Oldest first, then new events. */
export async function* eventsOf(
  connections: Connections,
  sandboxId: SandboxId,
  { since, follow = true, onWaiting, ...options }: EventsOptions,
): AsyncGenerator<SandboxEvent> {
  const prefix = natsPrefix(sandboxId);
  const { state, firstAt, aborted } = await openReading(connections, options);
  if (state === null) return;
  const end = state.last_seq + 1;
  let next = since === undefined ? end : await firstSince(firstAt, since, state.first_seq, end);
  let waiting = false;
  while (!options.signal.aborted) {
    const message = await firstAt(next, `${prefix}>`);
    if (!follow && (message === null || message.seq >= end)) return;
    if (message !== null) {
      yield eventOf(message, prefix);
      next = message.seq + 1;
      continue;
    }
    if (!waiting) onWaiting?.();
    waiting = true;
    await Promise.race([delay(POLL_MS), aborted]);
  }
}

/** Sequences per window. Small, because a window of the sandbox's own events is held in memory. */
const WINDOW = 64;
/**
 * The limit for windows without an event of the sandbox: 10 million events of others take 10,000
 * requests.
 */
const WIDEST = 1_024;

/** The stored events, newest first. */
export async function* storedEventsOf(
  connections: Connections,
  sandboxId: SandboxId,
  options: ReadingOptions,
): AsyncGenerator<SandboxEvent> {
  const prefix = natsPrefix(sandboxId);
  const { state, firstAt } = await openReading(connections, options);
  if (state === null) return;
  let width = WINDOW;
  for (let high = state.last_seq + 1; high > state.first_seq && !options.signal.aborted;) {
    const low = Math.max(state.first_seq, high - width);
    const found: SandboxEvent[] = [];
    for (let at = low; at < high;) {
      const message = await firstAt(at, `${prefix}>`);
      if (message === null || message.seq >= high) break;
      found.push(eventOf(message, prefix));
      at = message.seq + 1;
    }
    yield* found.reverse();
    width = found.length === 0 ? Math.min(WIDEST, width * 2) : WINDOW;
    high = low;
  }
}

/** By binary search: the first sequence stored at or after `since`. */
async function firstSince(
  firstAt: FirstAt,
  since: Date,
  first: number,
  behindLast: number,
): Promise<number> {
  let [low, high] = [first, behindLast];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const message = await firstAt(middle, '>');
    if (message !== null && message.time < since) low = message.seq + 1;
    else high = middle;
  }
  return low;
}

function eventOf(message: StoredMsg, prefix: string): SandboxEvent {
  const { seq: sequence, subject, time, data } = message;
  return sandboxEventOf(
    { sequence, subject, time, data, headers: storedHeaderBytes(message) },
    prefix,
  );
}

/** @param prefix of the sandbox's subjects */
export function sandboxEventOf(
  { sequence, subject, time, data, headers }: StoredEvent,
  prefix: string,
): SandboxEvent {
  const [family = '', ...type] = subject.slice(prefix.length).split('.');
  const found = classify(data);
  return {
    sequence,
    rawSequence: rawSequenceIn(headers),
    time: time.toISOString(),
    family,
    type: type.join('.'),
    guildId: found.kind === 'guild' ? found.guildId : null,
    payload: Buffer.from(data).toString('utf8'),
  };
}

/** The live events of a sandbox, read beside its bot: from the stream itself, so that nothing is taken from the bot. */
import { NatsError, type StoredMsg } from 'nats';
import { rawSequenceIn } from '../domain/event-headers.js';
import { classify } from '../domain/guild-of-event.js';
import { natsPrefix, type SandboxId } from '../domain/names.js';
import { STREAMS } from '../domain/routing.js';
import { delay } from '../platform/deadline.js';
import type { NatsConnection } from '../platform/nats.js';
import { storedHeaderBytes } from '../platform/raw-headers.js';
import { isNotFound } from '../platform/nats-errors.js';

/** One event as it was stored for a sandbox. */
export interface SandboxEvent {
  /** Its place in `ROUTED`. */
  readonly sequence: number;
  /** Its place in `RAW`; null where no router has written it. */
  readonly rawSequence: number | null;
  /** When it was stored. */
  readonly time: string;
  /** `events` or `commands`. */
  readonly family: string;
  /** Such as `MESSAGE_CREATE`. */
  readonly type: string;
  readonly guildId: string | null;
  /** The exact text. */
  readonly payload: string;
}

export interface EventsOptions {
  /** Also what was stored since; otherwise only what comes from now on. */
  readonly since?: Date;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** NATS has not answered, and is asked until it does; called once for each time that it is away. */
  readonly onAway?: () => void;
}

/** How often is asked for the next, where there was none. */
const POLL_MS = 100;
const ASK_MS = 2_000;

/** NATS is away, or goes or comes: asked again. */
const AWAY = new Set(['TIMEOUT', '503', 'DISCONNECT', 'CONNECTION_REFUSED']);

/**
 * Message by message, each asked for by its sequence: a consumer would take rights that reach further than looking (its
 * deliveries go wherever its owner says), and this leaves no trace on the server and survives its restart.
 *
 * @param apiPrefix below which subject JetStream answers this connection; undefined: its own
 */
export async function* eventsOf(
  nc: NatsConnection,
  apiPrefix: string | undefined,
  sandboxId: SandboxId,
  { since, signal, onAway }: EventsOptions,
): AsyncGenerator<SandboxEvent> {
  const prefix = natsPrefix(sandboxId);
  const { streams } = await nc.jetstreamManager({
    ...{ checkAPI: false, timeout: ASK_MS },
    ...(apiPrefix === undefined ? {} : { apiPrefix }),
  });
  const aborted = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  /** Null where there is no such thing, or the reading was ended. */
  const answerOf = async <T>(ask: () => Promise<T>): Promise<T | null> => {
    for (let away = false; !signal.aborted; away = true) {
      try {
        return await Promise.race([ask(), aborted]);
      } catch (error) {
        if (!(error instanceof NatsError)) throw error;
        if (isNotFound(error)) return null;
        if (!AWAY.has(error.code)) throw error;
        if (!away) onAway?.();
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
  if (routed === null) return;
  const { state } = routed;
  let next = state.last_seq + 1;
  if (since !== undefined) next = await firstSince(firstAt, since, state.first_seq, next);
  while (!signal.aborted) {
    const message = await firstAt(next, `${prefix}>`);
    if (message === null) await Promise.race([delay(POLL_MS), aborted]);
    else {
      yield eventOf(message, prefix);
      next = message.seq + 1;
    }
  }
}

/** The first message of a subject at or after a sequence; null where there is none. */
type FirstAt = (sequence: number, subject: string) => Promise<StoredMsg | null>;

/** By halves: the sequence from which on nothing was stored before `since`. */
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
  const [family = '', ...type] = message.subject.slice(prefix.length).split('.');
  const found = classify(message.data);
  return {
    sequence: message.seq,
    rawSequence: rawSequenceIn(storedHeaderBytes(message)),
    time: message.time.toISOString(),
    family,
    type: type.join('.'),
    guildId: found.kind === 'guild' ? found.guildId : null,
    payload: message.string(),
  };
}

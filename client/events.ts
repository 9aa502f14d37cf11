/** The live events of a sandbox, read beside its bot: a consumer of our own, so that nothing is taken from the bot. */
import { DeliverPolicy, type ConsumerMessages, type JsMsg } from 'nats';
import { classify } from '../domain/guild-of-event.js';
import { natsPrefix, type SandboxId } from '../domain/names.js';
import { HEADER_RAW_SEQ, STREAMS } from '../domain/routing.js';
import type { NatsConnection } from '../platform/nats.js';

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
}

/** Ordered and without acknowledgements: it survives a restart of the server and leaves no trace on it. */
export async function* eventsOf(
  nc: NatsConnection,
  sandboxId: SandboxId,
  { since, signal }: EventsOptions,
): AsyncGenerator<SandboxEvent> {
  const prefix = natsPrefix(sandboxId);
  const consumer = await nc.jetstream().consumers.get(STREAMS.routed, {
    filterSubjects: [`${prefix}>`],
    ...(since === undefined
      ? { deliver_policy: DeliverPolicy.New }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() }),
  });
  const messages: ConsumerMessages = await consumer.consume();
  const stop = (): void => {
    messages.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const message of messages) yield eventOf(message, prefix);
  } finally {
    signal.removeEventListener('abort', stop);
    messages.stop();
    // It would go by itself after minutes without a reader; until then it would look like somebody's.
    await consumer.delete().catch(() => undefined);
  }
}

function eventOf(message: JsMsg, prefix: string): SandboxEvent {
  const [family = '', ...type] = message.subject.slice(prefix.length).split('.');
  const raw = message.headers?.get(HEADER_RAW_SEQ) ?? '';
  const found = classify(message.data);
  return {
    sequence: message.seq,
    rawSequence: /^[0-9]+$/.test(raw) ? Number(raw) : null,
    time: new Date(message.info.timestampNanos / 1_000_000).toISOString(),
    family,
    type: type.join('.'),
    guildId: found.kind === 'guild' ? found.guildId : null,
    payload: message.string(),
  };
}

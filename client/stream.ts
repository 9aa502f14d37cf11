/** A stream of the API that continues after a broken connection, with `Last-Event-ID`. */
import { ERRORS, isDependency, SandboxError, type Dependency } from '../domain/errors.js';
import { errorOf } from './api-error.js';
import { serverSentEvents, type ServerSentEvent, type StreamState } from './sse.js';
import { delay } from './transport.js';

export interface FollowOptions {
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Called once per outage of a server or the API. The client tries until it answers. */
  readonly onAway?: (dependency: Dependency) => void;
  /** Called once, when all stored events have arrived and the client waits for new ones. */
  readonly onWaiting?: () => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** The API sends a heartbeat every 15 s: a connection that is silent for so long is dead. */
const SILENCE_MS = 60_000;

/**
 * Opens the stream after the event with this id; empty: at the request's own begin.
 * @throws SandboxError
 */
export type OpenStream = (
  lastEventId: string,
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array>>;

/** Ends at the API's `end` or by the signal. @throws an error that a retry would not cure */
export async function* followed(
  open: OpenStream,
  { signal, onAway, onWaiting }: FollowOptions,
  lastEventId = '',
): AsyncGenerator<ServerSentEvent> {
  const state: StreamState = { lastEventId, retryMs: null };
  let [opened, failures, isTold, isWaiting] = [false, 0, false, false];
  const tell = (dependency: Dependency): void => {
    if (!isTold) onAway?.(dependency);
    isTold = true;
  };
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      for await (const event of connection(open, state, signal)) {
        if (event.event === 'end') return;
        if (event.event === 'problem') throw errorOf({ status: 200 }, jsonOf(event.data));
        opened = true;
        failures = 0;
        if (event.event === 'away') tell('nats');
        else isTold = false;
        if (event.event === 'waiting' && !isWaiting) onWaiting?.();
        isWaiting ||= event.event === 'waiting';
        if (event.event === 'message') yield event;
      }
    } catch (error) {
      if (isOver()) return;
      const away = passing(error, opened);
      if (away === null) throw error;
      if (failures > 0 || error instanceof SandboxError) tell(away);
    }
    failures += 1;
    const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
    await delay(Math.max(state.retryMs ?? 0, backoff), signal).catch(() => undefined);
  }
}

/** The server that is away; null for an error that a retry would not cure. */
function passing(error: unknown, opened: boolean): Dependency | null {
  if (!(error instanceof SandboxError)) return 'api';
  const { code, details } = error;
  if (ERRORS[code].httpStatus !== 503 && code !== 'SANDBOX_013') return null;
  const away = isDependency(details.dependency) ? details.dependency : 'api';
  // At the begin an address may be wrong; NATS, which the API reaches, comes back.
  return opened || away === 'nats' ? away : null;
}

async function* connection(
  open: OpenStream,
  state: StreamState,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const over = new AbortController();
  const end = (): void => over.abort();
  let timer = setTimeout(end, SILENCE_MS);
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => {
      clearTimeout(timer);
      timer = setTimeout(end, SILENCE_MS);
      controller.enqueue(bytes);
    },
  });
  signal.addEventListener('abort', end, { once: true });
  try {
    const body = await open(state.lastEventId, over.signal);
    yield* serverSentEvents(body.pipeThrough(heard), state);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    over.abort();
  }
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const EVENT_STREAM = { accept: 'text/event-stream' };

/** The options of a request whose answer is a stream. */
export const asStream = (signal: AbortSignal) =>
  ({ headers: EVENT_STREAM, parseAs: 'stream', signal }) as const;

/** The header of a stream that goes on behind an event; none at its beginning. */
export const behind = (lastEventId: string): { 'last-event-id'?: string } =>
  lastEventId === '' ? {} : { 'last-event-id': lastEventId };

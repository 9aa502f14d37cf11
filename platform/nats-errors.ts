/** Classifies NATS' errors: the server is away, or the object is missing. */
import { ErrorCode, NatsError } from 'nats';
import { SandboxError, unreachable } from '../domain/errors.js';

/** Error codes of JetStream (nats-server, `errors.json`). */
export const JETSTREAM = {
  consumerNotFound: 10014,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
} as const;

/** True if JetStream refused a request for this reason. */
export function isRefusal(error: unknown, reason: keyof typeof JETSTREAM): boolean {
  return error instanceof NatsError && error.api_error?.err_code === JETSTREAM[reason];
}

/** True if the stream, consumer or message does not exist. */
export function isNotFound(error: unknown): boolean {
  return (
    error instanceof NatsError &&
    (error.api_error?.code === 404 || error.code === ErrorCode.JetStream404NoMessages)
  );
}

/** Codes of the client, and 503 for a request without a responder. */
const AWAY = new Set([
  'TIMEOUT',
  '503',
  'CONNECTION_CLOSED',
  'CONNECTION_REFUSED',
  'DISCONNECT',
  'CONNECTION_DRAINING',
]);

/** Runs `work`. Turns an outage into SANDBOX_009; other errors stay. */
export async function inNats<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    if (error instanceof NatsError && AWAY.has(error.code)) throw unreachable('nats', error);
    throw error;
  }
}

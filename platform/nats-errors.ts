/** What NATS' errors mean: a server that is away, something that is not there. */
import { ErrorCode, NatsError } from 'nats';
import { SandboxError, unreachable } from '../domain/errors.js';

/** Numbers that JetStream gives its refusals (nats-server, `errors.json`). */
export const JETSTREAM = {
  consumerNotFound: 10014,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
} as const;

/** Whether JetStream has refused a request for this reason. */
export function isRefusal(error: unknown, reason: keyof typeof JETSTREAM): boolean {
  return error instanceof NatsError && error.api_error?.err_code === JETSTREAM[reason];
}

/** Whether what was asked for (a stream, a consumer, a message) is not there. */
export function isNotFound(error: unknown): boolean {
  return (
    error instanceof NatsError &&
    (error.api_error?.code === 404 || error.code === ErrorCode.JetStream404NoMessages)
  );
}

/** Codes of the client, and 503 for a request that nobody answers. */
const AWAY = new Set([
  'TIMEOUT',
  '503',
  'CONNECTION_CLOSED',
  'CONNECTION_REFUSED',
  'DISCONNECT',
  'CONNECTION_DRAINING',
]);

/** Runs `work`; SANDBOX_009 for what means "the server is not there", anything else unchanged. */
export async function inNats<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    if (error instanceof NatsError && AWAY.has(error.code)) throw unreachable('nats', error);
    throw error;
  }
}

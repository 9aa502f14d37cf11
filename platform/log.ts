/**
 * Structured logs: one JSON line each on stderr, because stdout is for results. Callers pass no
 * secrets.
 */
import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

export function createLogger(process: string, level: string): Logger {
  return pino(
    { level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime },
    destination(),
  );
}

/**
 * A line that cannot be written (full disk) is lost. Without a listener the write would throw in
 * the code that logs.
 */
function destination(): pino.DestinationStream {
  const stream = pino.destination({ dest: 2, sync: true, maxLength: 1_048_576 });
  stream.on('error', () => undefined);
  return stream;
}

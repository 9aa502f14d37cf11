/** Structured logs, one JSON line each on stderr (stdout is for results). Secrets are never passed in. */
import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

export function createLogger(process: string, level: string): Logger {
  return pino(
    { level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime },
    destination(),
  );
}

/**
 * A line that cannot be written (the log's disk is full) is lost, and nothing else: without a listener the write would throw
 * wherever the line was logged.
 */
function destination(): pino.DestinationStream {
  const stream = pino.destination({ dest: 2, sync: true, maxLength: 1_048_576 });
  stream.on('error', () => undefined);
  return stream;
}

/** Structured logs, one JSON line each on stderr (stdout is for results). Secrets are never passed in. */
import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

export function createLogger(process: string, level: string): Logger {
  return pino(
    { level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** A service process and its parent: when to stop, and how to report readiness. */

import type { Logger } from './log.js';
import { isWriteAfterClose } from './postgres.js';

/** Lost output (a full disk, a closed pipe) must not end the process. */
export function surviveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Ends the process at an uncaught error, as Node does, except for a known harmless one. */
export function surviveDriverErrors(log: Logger): void {
  surviveLostOutput();
  process.on('uncaughtException', (error) => {
    if (isWriteAfterClose(error)) {
      log.error({ err: error }, 'the Postgres driver wrote on a connection that had closed');
      return;
    }
    console.error(error);
    process.exit(1);
  });
}

/** Aborted when the process has to stop. Its reason is the text of `onStop`. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  onStop((why) => {
    stopping.abort(why);
  });
  return stopping.signal;
}

/** Calls `stop` once: on SIGTERM, SIGINT, or when the parent with our IPC channel is gone. */
function onStop(stop: (why: string) => void): void {
  let stopped = false;
  const once = (why: string) => (): void => {
    if (stopped) return;
    stopped = true;
    stop(why);
  };
  process.on('SIGTERM', once('SIGTERM'));
  process.on('SIGINT', once('SIGINT'));
  if (process.channel) process.on('disconnect', once('parent gone'));
}

/** Tells the local stack that this service works, where its metrics are, and its own address where it has one. */
export function reportReady(metrics: string | null, address: string | null = null): void {
  process.send?.({ ready: true, metrics, address });
}

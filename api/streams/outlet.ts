/** One client's server-sent events, with bounds, until either side ends the stream. */
import type { ServerResponse } from 'node:http';

/**
 * With more unread bytes a client is cut off at the next event. One event may be larger, up to
 * NATS' max_payload.
 */
const MAX_PENDING_BYTES = 1_048_576;
/** A client's time to read its pending events. */
export const WRITE_MS = 30_000;
/** The client's pause before it connects again. */
const RETRY_MS = 1_000;

export type Frame = Buffer;

/** One event, encoded once for all that get it. `data` is JSON, which has no line ends. */
export const frameOf = (id: number, data: unknown): Frame =>
  Buffer.from(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`);

/** A named event. An `EventSource` passes it only to listeners of that name. */
export const signalOf = (name: 'waiting' | 'away' | 'problem' | 'end', data: unknown): Frame =>
  Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);

const HEARTBEAT = Buffer.from(': \n\n');
const RETRY = Buffer.from(`retry: ${RETRY_MS}\n\n`);

export class Outlet {
  /** Aborted when no more is written. */
  private readonly over = new AbortController();
  private blockedSince: number | null = null;

  constructor(private readonly response: ServerResponse) {
    // The client left while its request was checked, so no `close` event follows.
    if (response.destroyed) this.over.abort();
    response.once('close', () => this.over.abort());
    // A client that resets its connection: `close` follows.
    response.on('error', () => undefined);
    response.on('drain', () => {
      this.blockedSince = null;
    });
  }

  get ended(): AbortSignal {
    return this.over.signal;
  }

  open(headers: Readonly<Record<string, string>>): void {
    this.response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      // nginx would collect events before it passes them on.
      'x-accel-buffering': 'no',
    });
    this.write(RETRY);
  }

  /** Never waits. Cuts off a client that does not read. */
  write(frame: Frame): void {
    const { response } = this;
    if (this.over.signal.aborted) return;
    if (response.writableLength > MAX_PENDING_BYTES) this.cut();
    else if (!response.write(frame)) this.blockedSince ??= Date.now();
  }

  /** For events that are read for this client only: resolves as soon as the client has room. */
  async room(): Promise<void> {
    if (this.blockedSince === null || this.over.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.response.off('drain', done);
        this.over.signal.removeEventListener('abort', done);
        resolve();
      };
      this.response.on('drain', done);
      this.over.signal.addEventListener('abort', done);
    });
  }

  /**
   * Called repeatedly. It keeps proxies from closing the stream, and detects a client that does not
   * read.
   */
  beat(now: number): void {
    if (this.blockedSince !== null && now - this.blockedSince > WRITE_MS) this.cut();
    else this.write(HEARTBEAT);
  }

  /** @param last such as a problem */
  end(last?: Frame): void {
    if (this.over.signal.aborted) return;
    if (last !== undefined) this.write(last);
    this.over.abort();
    this.response.end();
    // A client that reads nothing would also never receive the end.
    setTimeout(() => this.response.destroy(), WRITE_MS).unref();
  }

  private cut(): void {
    this.over.abort();
    this.response.destroy();
  }
}

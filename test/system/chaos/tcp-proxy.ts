/** A TCP proxy between a router and nats-server that cuts, stalls, slows and splits the data. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { delay } from '../../../platform/deadline.js';

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Waiting chunks of a socket. */
  readonly #waiting = new WeakMap<Socket, number>();
  #stalled = false;
  #latencyMs = 0;
  #crumb = 0;

  private constructor(private readonly target: number) {
    this.#server = createServer((client) => {
      this.#accept(client);
    });
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection. New ones are accepted. */
  cut(): void {
    for (const { client, upstream } of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  /** Holds all data until `resume` is called (`up`: only data to the server). */
  stall(direction: 'both' | 'up' = 'both'): void {
    this.#stalled = true;
    for (const { client, upstream } of this.#pairs) {
      client.pause();
      if (direction === 'both') upstream.pause();
    }
  }

  resume(): void {
    this.#stalled = false;
    for (const { client, upstream } of this.#pairs) {
      client.resume();
      upstream.resume();
    }
  }

  /** Delays every chunk by this time; 0: no delay. */
  slow(latencyMs: number): void {
    this.#latencyMs = latencyMs;
  }

  /**
   * Splits data into pieces of this many bytes, each sent in its own turn of the event loop; 0: no
   * split.
   */
  crumble(bytes: number): void {
    this.#crumb = bytes;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const upstream = connect(this.target, '127.0.0.1');
    const pair = { client, upstream };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.setNoDelay(true);
      from.on('error', () => undefined);
      // One queue per direction: chunks keep their order when the latency changes.
      let queue = Promise.resolve();
      from.on('data', (chunk: Buffer) => {
        if (this.#latencyMs === 0 && this.#crumb === 0 && this.#idle(from)) {
          this.#pass(from, to, chunk);
          return;
        }
        this.#waiting.set(from, (this.#waiting.get(from) ?? 0) + 1);
        const due = delay(this.#latencyMs);
        queue = queue
          .then(() => due)
          .then(() => this.#pieces(from, to, chunk))
          .then(() => {
            this.#waiting.set(from, (this.#waiting.get(from) ?? 1) - 1);
          });
      });
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#stalled) from.pause();
    }
  }

  #idle(from: Socket): boolean {
    return (this.#waiting.get(from) ?? 0) === 0;
  }

  async #pieces(from: Socket, to: Socket, chunk: Buffer): Promise<void> {
    const length = this.#crumb === 0 ? chunk.length : this.#crumb;
    for (let at = 0; at < chunk.length; at += length) {
      this.#pass(from, to, chunk.subarray(at, at + length));
      if (this.#crumb !== 0) await nextTurn();
    }
  }

  #pass(from: Socket, to: Socket, chunk: Buffer): void {
    if (to.destroyed || to.write(chunk)) return;
    from.pause();
    to.once('drain', () => {
      if (!this.#stalled) from.resume();
    });
  }
}

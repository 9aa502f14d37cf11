/**
 * A TCP proxy in front of Postgres that loses the answer to one COMMIT, or stalls one transaction.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The tag of CommandComplete: Postgres has committed and reports it. */
const COMMITTED = 'COMMIT\0';

type Trap =
  | { readonly kind: 'lose the answer of COMMIT'; readonly text: string; readonly awayMs: number }
  | { readonly kind: 'stand still'; readonly text: string; readonly forMs: number };

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** The transaction that triggers the trap runs on this connection. */
  marked: boolean;
}

export class PostgresProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #trap: Trap | null = null;
  #away = false;
  #sprung: () => void = () => undefined;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(private readonly target: number) {
    this.#server = createServer((client) => {
      if (this.#away) client.destroy();
      else this.#accept(client);
    });
  }

  static async start(target: number): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * The client that commits after it has sent `text` gets no answer. All connections are cut, and
   * new ones are refused for `awayMs`. Resolves when this has happened.
   */
  loseCommit(text: string, awayMs: number): Promise<void> {
    return this.#set({ kind: 'lose the answer of COMMIT', text, awayMs });
  }

  /** After a client has sent `text`, the proxy holds all bytes of all connections for `forMs`. */
  standStill(text: string, forMs: number): Promise<void> {
    return this.#set({ kind: 'stand still', text, forMs });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #set(trap: Trap): Promise<void> {
    this.#trap = trap;
    for (const pair of this.#pairs) pair.marked = false;
    return new Promise((resolve) => {
      this.#sprung = resolve;
    });
  }

  #accept(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    const pair: Pair = { client, server, marked: false };
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        server.destroy();
        this.#pairs.delete(pair);
      });
    }
    client.on('data', (chunk: Buffer) => {
      const trap = this.#trap;
      if (trap !== null && chunk.includes(trap.text)) {
        pair.marked = true;
        if (trap.kind === 'stand still') this.#pause(trap.forMs);
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      const trap = this.#trap;
      if (trap?.kind === 'lose the answer of COMMIT' && pair.marked && chunk.includes(COMMITTED)) {
        this.#goAway(trap.awayMs);
        return;
      }
      client.write(chunk);
    });
  }

  #goAway(awayMs: number): void {
    this.#trap = null;
    this.#away = true;
    this.#cut();
    this.#later(awayMs, () => {
      this.#away = false;
    });
    this.#sprung();
  }

  /** New connections are accepted and hang. */
  #pause(forMs: number): void {
    this.#trap = null;
    const paused = [...this.#pairs].flatMap(({ client, server }) => [client, server]);
    for (const socket of paused) socket.pause();
    const hang = (client: Socket): void => {
      for (const pair of this.#pairs) if (pair.client === client) pauseBoth(pair, paused);
    };
    this.#server.on('connection', hang);
    this.#later(forMs, () => {
      this.#server.off('connection', hang);
      for (const socket of paused) socket.resume();
    });
    this.#sprung();
  }

  #later(millis: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, millis);
    this.#timers.add(timer);
  }

  #cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }
}

function pauseBoth({ client, server }: Pair, paused: Socket[]): void {
  for (const socket of [client, server]) {
    socket.pause();
    paused.push(socket);
  }
}

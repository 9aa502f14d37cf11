/** The gateway: accepts WebSockets, and gives each to a connection. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { Connection, type ConnectionContext } from './connection.js';
import { IdentifyBudget } from './identify.js';
import { MemberRequests } from './member-chunks.js';

export interface GatewayOptions extends Omit<ConnectionContext, 'identifies' | 'members'> {
  readonly identify: { readonly concurrency: number; readonly windowMs: number };
}

/** Longer frames than Discord allows are still read, to refuse them with Discord's close code. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
const VERSIONS = new Set(['9', '10']);

export class Gateway {
  readonly #server = new WebSocketServer({
    ...{ noServer: true, maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: false },
  });
  readonly #connections = new Set<Connection>();
  readonly #context: ConnectionContext;

  constructor(options: GatewayOptions) {
    const { identify, world } = options;
    this.#context = {
      ...options,
      identifies: new IdentifyBudget(world.now, identify),
      members: new MemberRequests(world.now),
    };
  }

  /** For the `upgrade` event of the HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Not `new URL`: it throws for an address such as `//`, and nothing here would catch it.
    const [path, query] = (request.url ?? '/').split('?', 2);
    if (path !== '/') {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (accepted) => {
      this.#accept(accepted, new URLSearchParams(query));
    });
  }

  /** How many sessions an application may begin at once. */
  get concurrency(): number {
    return this.#context.identifies.options.concurrency;
  }

  /** The open connections. */
  connections(): readonly Connection[] {
    return [...this.#connections];
  }

  close(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  #accept(socket: WebSocket, query: URLSearchParams): void {
    const connection = new Connection(socket, this.#context);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    // Compression may be asked for and is not used: every library accepts plain text frames.
    if (!VERSIONS.has(query.get('v') ?? '10')) connection.close('invalidVersion');
    else if ((query.get('encoding') ?? 'json') !== 'json') connection.close('decode');
    else connection.start();
  }
}

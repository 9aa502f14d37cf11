/**
 * The fast form: each term has its own socket, and the protocol is read and written by hand. It
 * does not hook into the client's parser, which is no public interface, and its connection leaves
 * nothing behind. Everything else (positions, fences, membership) uses the client.
 */
import { isIP, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { NatsConnection } from 'nats';
import { natsLoginFields, newInbox, parseNatsUrl } from '../../platform/nats.js';
import { DEFAULT_MAX_PAYLOAD, type ChainedMessage, type Link, type LinkMessage } from './link.js';
import { WireReader } from './reader.js';
import { WireWriter } from './writer.js';

const OPEN_MS = 4_000;

/** Connects to the client's server with the same credentials. @throws if the connection fails */
export async function openFastLink(nc: NatsConnection, url: string, name: string): Promise<Link> {
  const address = parseNatsUrl(url);
  const { host, port } = hostAndPort(nc.getServer());
  // In a cluster the client may know a node only by its IP address; the certificate has the
  // address's name.
  const named = address.servers.map((one) => hostAndPort(one).host).find((one) => isIP(one) === 0);
  const servername = isIP(host) !== 0 && named !== undefined ? named : host;
  const encrypted = nc.info?.tls_required === true;
  const link = new FastLink(
    { host, port, servername, encrypted },
    {
      verbose: false,
      pedantic: false,
      lang: 'node',
      version: '1',
      protocol: 1,
      headers: true,
      no_responders: true,
      name,
      ...natsLoginFields(address),
    },
    () => newInbox(nc),
  );
  await link.opened;
  return link;
}

function hostAndPort(server: string): { host: string; port: number } {
  const colon = server.lastIndexOf(':');
  return {
    host: server.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(server.slice(colon + 1)),
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  /** TLS takes the bytes from the socket, and so has its own read buffers. */
  readonly encrypted: boolean;
}

type Handler = (message: LinkMessage) => void;

class FastLink implements Link {
  onLost: (detail: string) => void = () => undefined;
  maxPayload = DEFAULT_MAX_PAYLOAD;
  readonly opened: Promise<void>;
  #settle: (error: Error | null) => void = () => undefined;
  #socket: Socket;
  readonly #reader: WireReader;
  readonly #writer: WireWriter;
  readonly #handlers = new Map<number, Handler>();
  #sid = 0;
  #lost = false;
  #isOpen = false;

  constructor(
    private readonly address: Address,
    private readonly hello: Readonly<Record<string, unknown>>,
    readonly newInbox: () => string,
  ) {
    this.#reader = new WireReader({
      onMessage: (sid, message) => this.#handlers.get(sid)?.(message),
      onLine: (line) => {
        this.#takeLine(line);
      },
    });
    this.#writer = new WireWriter((bytes, done) => {
      this.#socket.write(bytes, done);
    });
    const timer = setTimeout(() => {
      this.#lose(`no answer in ${OPEN_MS} ms`);
    }, OPEN_MS);
    this.opened = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => {
        clearTimeout(timer);
        if (error === null) resolve();
        else reject(error);
      };
    });
    this.#socket = this.#connect();
    this.#listen(this.#socket);
  }

  subscribe(subject: string, onMessage: Handler): () => void {
    const sid = (this.#sid += 1);
    this.#handlers.set(sid, onMessage);
    this.#writer.text(`SUB ${subject} ${sid}\r\n`);
    return () => {
      this.#handlers.delete(sid);
      if (!this.#lost) this.#writer.text(`UNSUB ${sid}\r\n`);
    };
  }

  publish(subject: string, payload: string, reply: string): void {
    this.#writer.text(`PUB ${subject} ${reply} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
  }

  publishChained(message: ChainedMessage, expectedLast: number, reply: string | undefined): void {
    if (this.#lost) throw new Error('the connection is closed');
    this.#writer.chained(message, expectedLast, reply);
  }

  /**
   * The next term decides unconfirmed messages again. Kept for a slow server, they would pile up.
   */
  close(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#handlers.clear();
    this.#socket.destroy();
  }

  #connect(): Socket {
    const { host, port, encrypted } = this.address;
    const plain = { host, port, noDelay: true };
    if (encrypted) return connectTcp(plain);
    const callback = (length: number): boolean => {
      this.#read(() => {
        this.#reader.filled(length);
      });
      return true;
    };
    return connectTcp({ ...plain, onread: { buffer: () => this.#reader.space, callback } });
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#takeBytes);
    socket.on('error', this.#takeError);
    socket.on('close', this.#takeClose);
  }

  #read(frames: () => void): void {
    try {
      frames();
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : String(error));
    }
  }

  readonly #takeBytes = (chunk: Buffer): void => {
    this.#read(() => {
      this.#reader.push(chunk);
    });
  };
  readonly #takeError = (error: Error): void => {
    this.#lose(error.message);
  };
  readonly #takeClose = (): void => {
    this.#lose('the server closed the connection');
  };

  #takeLine(line: string): void {
    if (line === 'PING') this.#writer.text('PONG\r\n');
    else if (line === 'PONG') {
      this.#isOpen = true;
      this.#settle(null);
    } else if (line.startsWith('-ERR')) this.#lose(line.slice(5));
    else if (line.startsWith('INFO ') && !this.#isOpen) this.#greet(line.slice(5));
  }

  /** The first INFO is not encrypted. If the server requires TLS, everything after it is. */
  #greet(text: string): void {
    const info = JSON.parse(text) as { tls_required?: boolean; max_payload?: number };
    this.maxPayload = info.max_payload ?? DEFAULT_MAX_PAYLOAD;
    const { encrypted } = this.address;
    // The same use of TLS as the client's, or no connection: the password never goes in clear to an
    // impostor.
    if ((info.tls_required === true) !== encrypted) {
      this.#lose(encrypted ? 'the server offers no TLS any more' : 'the server asks for TLS now');
      return;
    }
    if (encrypted) this.#encrypt();
    this.#writer.text(`CONNECT ${JSON.stringify(this.hello)}\r\nPING\r\n`);
  }

  #encrypt(): void {
    const socket = this.#socket;
    socket.off('data', this.#takeBytes);
    socket.off('close', this.#takeClose);
    socket.off('error', this.#takeError);
    const name = isIP(this.address.servername) === 0 ? { servername: this.address.servername } : {};
    this.#socket = connectTls({ socket, host: this.address.servername, ...name });
    this.#listen(this.#socket);
  }

  #lose(detail: string): void {
    if (this.#lost) return;
    this.#lost = true;
    // Drops the rest of this read.
    this.#handlers.clear();
    this.#socket.destroy();
    this.#settle(new Error(detail));
    if (this.#isOpen) this.onLost(detail);
  }
}

/** The fast form with a hostile peer: it routes exactly the messages that were sent, or none. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { NatsConnection } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { openFastLink } from '../../../router/wire/fast-link.js';
import type { Link, LinkMessage } from '../../../router/wire/link.js';

const CRLF = '\r\n';

/** A server that sends what the test wants. */
class Peer {
  readonly received: Buffer[] = [];
  socket: Socket | undefined;

  private constructor(readonly server: Server) {}

  static async start(greeting: string): Promise<Peer> {
    const server = createServer();
    const peer = new Peer(server);
    server.on('connection', (socket) => {
      peer.socket = socket;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        peer.received.push(chunk);
        if (chunk.includes('CONNECT ')) socket.write(`PONG${CRLF}`);
      });
      socket.write(greeting);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return peer;
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  say(text: string): void {
    this.socket?.write(text);
  }

  async close(): Promise<void> {
    this.socket?.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

describe('the fast form’s connection', () => {
  const INFO = `INFO {"server_id":"x","max_payload":1048576}${CRLF}`;
  const closing: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** As for a client that is connected to the peer. */
  async function open(greeting: string, info: object = {}): Promise<{ peer: Peer; link: Link }> {
    const peer = await Peer.start(greeting);
    closing.push(() => peer.close());
    const { port } = peer.server.address() as AddressInfo;
    const nc = { getServer: () => `127.0.0.1:${port}`, info } as unknown as NatsConnection;
    const opening = openFastLink(nc, `nats://bot:s3cret@127.0.0.1:${port}`, 'test');
    const link = await opening.catch((error: unknown) => {
      expect(peer.text).not.toContain('s3cret');
      throw error;
    });
    closing.push(() => {
      link.close();
    });
    return { peer, link };
  }

  const lossOf = (link: Link): string[] => {
    const lost: string[] = [];
    link.onLost = (detail) => lost.push(detail);
    return lost;
  };
  function messagesOf(link: Link): LinkMessage[] {
    const messages: LinkMessage[] = [];
    link.subscribe('a', (message) => messages.push({ ...message }));
    return messages;
  }

  it('is lost once by an error in mid-stream, and delivers nothing after it', async () => {
    const { peer, link } = await open(INFO);
    const [lost, messages] = [lossOf(link), messagesOf(link)];
    peer.say(
      `MSG a 1 1${CRLF}x${CRLF}-ERR 'Stale Connection'${CRLF}MSG a 1 1${CRLF}y${CRLF}-ERR 'again'${CRLF}`,
    );
    await expect.poll(() => lost).toEqual(["'Stale Connection'"]);
    expect(messages).toHaveLength(1);
    expect(() => {
      link.publishChained(
        { subject: 'b', headers: Buffer.alloc(0), payload: Buffer.alloc(0), rawSequence: 1 },
        1,
        undefined,
      );
    }).toThrow('closed');
  });

  it.each([
    'User Authentication Expired',
    'Account Authentication Expired',
    'Permissions Violation',
  ])('is lost by %s', async (error) => {
    const { peer, link } = await open(INFO);
    const lost = lossOf(link);
    peer.say(`-ERR '${error}'${CRLF}`);
    await expect.poll(() => lost).toEqual([`'${error}'`]);
  });

  it('is lost by invalid protocol bytes, and routes nothing of them', async () => {
    const { peer, link } = await open(INFO);
    const [lost, messages] = [lossOf(link), messagesOf(link)];
    peer.say(`MSG a 1 3${CRLF}abcdef${CRLF}MSG a 1 1${CRLF}x${CRLF}`);
    await expect.poll(() => lost).toEqual(['a message without its end']);
    expect(messages).toEqual([]);
  });

  it('continues when the server announces changes: another limit, other addresses, lame duck mode', async () => {
    const { peer, link } = await open(INFO);
    const [lost, messages] = [lossOf(link), messagesOf(link)];
    peer.say(
      `INFO {"max_payload":1024}${CRLF}INFO {"connect_urls":["127.0.0.1:1"],"ldm":true}${CRLF}`,
    );
    peer.say(`+OK${CRLF}PING${CRLF}MSG a 1 1${CRLF}x${CRLF}`);
    await expect.poll(() => messages).toHaveLength(1);
    expect(lost).toEqual([]);
    expect(peer.text.match(/CONNECT/g)).toHaveLength(1);
    // The server in lame duck mode closes.
    peer.socket?.end();
    await expect.poll(() => lost).toEqual(['the server closed the connection']);
  });

  it('answers a PING while the server does not read, without a loss', async () => {
    const { peer, link } = await open(INFO);
    const lost = lossOf(link);
    peer.socket?.pause();
    const payload = Buffer.alloc(200_000, 'p');
    for (let n = 0; n < 100; n++) {
      link.publishChained(
        { subject: 'b', headers: Buffer.from('NATS/1.0\r\n'), payload, rawSequence: n },
        n,
        undefined,
      );
    }
    for (let n = 0; n < 3; n++) peer.say(`PING${CRLF}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    peer.socket?.resume();
    await expect.poll(() => peer.text.match(/PONG\r\n/g)?.length, { timeout: 10_000 }).toBe(3);
    expect(peer.text.match(/HPUB b /g)).toHaveLength(100);
    expect(peer.text.length).toBeGreaterThan(100 * payload.length);
    expect(lost).toEqual([]);
  });

  it('sends nothing after close: data that a slow server has not read is dropped', async () => {
    const { peer, link } = await open(INFO);
    peer.socket?.pause();
    const payload = Buffer.alloc(400_000, 'p');
    for (let n = 0; n < 100; n++) {
      link.publishChained(
        { subject: 'b', headers: Buffer.from('NATS/1.0\r\n'), payload, rawSequence: n },
        n,
        undefined,
      );
    }
    link.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const closed = once(peer.socket!, 'close');
    peer.socket?.resume();
    await closed;
    // Only the bytes that the kernel already had.
    expect(peer.text.length).toBeLessThan(50 * payload.length);
  });

  it('is not opened without TLS if the client uses TLS: the password must not be sent in clear', async () => {
    await expect(open(INFO, { tls_required: true })).rejects.toThrow('no TLS any more');
  });

  it('is not opened if the server requires TLS and the client used none', async () => {
    const asking = `INFO {"tls_required":true}${CRLF}`;
    await expect(open(asking)).rejects.toThrow('asks for TLS');
  });

  it.each([
    ['an INFO that is no JSON', `INFO {"max${CRLF}`],
    ['another protocol', `HTTP/1.1 400 Bad Request${CRLF}${CRLF}`],
    ['a refusal', `-ERR 'Authorization Violation'${CRLF}`],
  ])('is not opened by %s', async (_what, greeting) => {
    await expect(open(greeting)).rejects.toThrow();
  });
});

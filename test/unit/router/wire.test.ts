/** The fast form before a hostile peer: whatever comes on the wire, what is routed is what was sent, or nothing is. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { NatsConnection } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { openFastLink } from '../../../router/wire/fast-link.js';
import type { Link, LinkMessage } from '../../../router/wire/link.js';
import { ProtocolError, WireReader } from '../../../router/wire/reader.js';
import { Random } from '../../system/chaos/random.js';

const CRLF = '\r\n';

/** Around every size that the reader keeps memory by, and odd ones. */
const SIZES: [number, ...number[]] = [
  0, 1, 2, 3, 7, 511, 4_095, 65_533, 65_534, 65_535, 65_536, 65_537, 131_071, 262_143,
];
const BIG: [number, ...number[]] = [262_144, 262_145, 327_679, 327_680, 327_681, 700_001];

/** Messages, and lines of every kind between them; payloads full of what looks like frames. */
function stream(random: Random, count: number): Buffer {
  const parts: Buffer[] = [];
  const bait = Buffer.from(`${CRLF}MSG a 1 5${CRLF}-ERR 'x'${CRLF}PING${CRLF}`);
  for (let n = 0; n < count; n++) {
    const kind = random.between(0, 7);
    if (kind === 0) {
      parts.push(
        Buffer.from(random.pick(['PING', '+OK', 'INFO {"ldm":true}', "-ERR 'a b'"]) + CRLF),
      );
      continue;
    }
    const size = random.pick(random.between(0, 11) === 0 ? BIG : SIZES);
    const payload = Buffer.alloc(size, bait).fill(n % 256, 0, Math.min(size, n % 5));
    const subject = `events.raw.${'t'.repeat(1 + random.between(0, 899))}`;
    const reply = random.pick(['', `$JS.ACK.RAW.c.1.${n + 7}.${n + 1}.5.${n} `, '_INBOX.x ']);
    if (kind < 4) {
      parts.push(Buffer.from(`MSG ${subject} ${1 + (n % 90)} ${reply}${size}${CRLF}`), payload);
    } else {
      const block = Buffer.from(`NATS/1.0\r\nA: ${'h'.repeat(random.between(0, 2_999))}\r\n\r\n`);
      const sizes = `${block.length} ${block.length + size}`;
      parts.push(Buffer.from(`HMSG ${subject} 1 ${reply}${sizes}${CRLF}`), block, payload);
    }
    parts.push(Buffer.from(CRLF));
  }
  return Buffer.concat(parts);
}

/**
 * What is read of the chunks: through the reader's own memory as a socket does, or from buffers as TLS does. Looked at when
 * the read is over, as the chain does with a burst's last event, which it holds back until then.
 */
function read(chunks: Iterable<Buffer>, through: 'space' | 'push'): string[] {
  const seen: string[] = [];
  let held: (() => string)[] = [];
  const reader = new WireReader({
    onLine: (line) => held.push(() => line),
    onMessage: (sid, { subject, delivery, header, payload }) => {
      held.push(() => {
        const bytes = [header, payload].map((part) => (part === null ? '' : digest(part)));
        return [sid, subject, JSON.stringify(delivery), ...bytes].join('|');
      });
    },
  });
  for (const chunk of chunks) {
    const passing = Buffer.from(chunk);
    if (through === 'space') reader.filled(chunk.copy(reader.space));
    else reader.push(passing);
    seen.push(...held.map((look) => look()));
    held = [];
    // The memory of a TLS record is not ours for longer than its turn.
    passing.fill(0);
  }
  return seen;
}

function digest(bytes: Uint8Array): string {
  let sum = 0;
  for (const byte of bytes) sum = (sum * 31 + byte) | 0;
  return `${bytes.length}:${sum}`;
}

function* cut(bytes: Buffer, random: Random, longest: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const length = random.between(1, random.between(0, 3) === 0 ? 5 : longest);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

describe('a stream of protocol bytes', () => {
  it.each([1, 2, 3, 4, 5, 6])('gives the same messages wherever it is cut (seed %i)', (seed) => {
    const random = new Random(seed);
    const bytes = stream(random, 120);
    const whole = read([bytes], 'push');
    expect(whole).toHaveLength(120);
    for (const longest of [11, 1_400, 16_384, 65_536, 262_144]) {
      // Byte for byte takes long: a part of it.
      const part = longest === 11 ? bytes.subarray(0, 400_000) : bytes;
      const wanted = longest === 11 ? read([part], 'push') : whole;
      expect(read(cut(part, random, longest), 'space')).toEqual(wanted);
      expect(read(cut(part, random, longest), 'push')).toEqual(wanted);
    }
  });

  it.each([
    ['a line that ends without CR', `PING\nPONG${CRLF}`],
    ['a message that is longer than it says', `MSG a 1 2${CRLF}abc${CRLF}`],
    ['a message that is shorter than it says', `MSG a 1 4${CRLF}abc${CRLF}PING${CRLF}`],
    [
      'headers that are longer than the whole',
      `HMSG a 1 14 12${CRLF}NATS/1.0${CRLF}${CRLF}${CRLF}`,
    ],
    ['a size beyond what any server takes', `MSG a 1 99999999999${CRLF}`],
    ['a negative size', `MSG a 1 -1${CRLF}`],
    ['a message without a size', `MSG a${CRLF}`],
    ['words too many', `HMSG a 1 b c 1 2 3${CRLF}`],
  ])('is refused with %s, in one piece and byte by byte', (_what, text) => {
    const bytes = Buffer.from(text);
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    for (const through of ['space', 'push'] as const) {
      expect(() => read([bytes], through)).toThrow(ProtocolError);
      expect(() => read(single, through)).toThrow(ProtocolError);
    }
  });

  it('is given up where a line does not end', () => {
    const endless = Array.from({ length: 30 }, () => Buffer.alloc(60_000, 'x'));
    expect(() => read(endless, 'space')).toThrow(ProtocolError);
    expect(() => read(endless, 'push')).toThrow(ProtocolError);
  });
});

/** A server that says what the test wants. */
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

  /** As of a client that is connected to the peer. */
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

  it('is lost by an error in mid-stream, once, and delivers nothing behind it', async () => {
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

  it('is lost by bytes that are no protocol, and routes nothing of them', async () => {
    const { peer, link } = await open(INFO);
    const [lost, messages] = [lossOf(link), messagesOf(link)];
    peer.say(`MSG a 1 3${CRLF}abcdef${CRLF}MSG a 1 1${CRLF}x${CRLF}`);
    await expect.poll(() => lost).toEqual(['a message without its end']);
    expect(messages).toEqual([]);
  });

  it('goes on when the server tells of changes: another limit, other addresses, lame duck mode', async () => {
    const { peer, link } = await open(INFO);
    const [lost, messages] = [lossOf(link), messagesOf(link)];
    peer.say(
      `INFO {"max_payload":1024}${CRLF}INFO {"connect_urls":["127.0.0.1:1"],"ldm":true}${CRLF}`,
    );
    peer.say(`+OK${CRLF}PING${CRLF}MSG a 1 1${CRLF}x${CRLF}`);
    await expect.poll(() => messages).toHaveLength(1);
    expect(lost).toEqual([]);
    expect(peer.text.match(/CONNECT/g)).toHaveLength(1);
    // The duck has gone.
    peer.socket?.end();
    await expect.poll(() => lost).toEqual(['the server closed the connection']);
  });

  it('answers a PING behind what the server does not take, without a loss', async () => {
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

  it('sends nothing more once it is closed: what a slow server has not taken is not kept for it', async () => {
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
    // What the kernel had taken, and no more.
    expect(peer.text.length).toBeLessThan(50 * payload.length);
  });

  it('is not opened without TLS where the client has it: the password does not go in the clear', async () => {
    await expect(open(INFO, { tls_required: true })).rejects.toThrow('no TLS any more');
  });

  it('is not opened where the server asks for TLS and the client had none', async () => {
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

/**
 * A TLS server in front of a TCP port, with any certificate. It starts TLS as each protocol does.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Issued } from './certificates.js';

export type Protocol = 'postgres' | 'redis' | 'nats' | 'temporal';

export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

/** A NATS server's first line, sent before TLS. */
const INFO = `INFO ${JSON.stringify({
  ...{ server_id: 'front', version: '2.14.0', proto: 1, max_payload: 1_048_576, headers: true },
  ...{ tls_required: true, tls_available: true },
})}\r\n`;

/** @param target port of the server behind; if undefined, connections end after the handshake */
export async function startTlsFront(
  protocol: Protocol,
  issued: Issued,
  target?: number,
): Promise<TlsFront> {
  const context = createSecureContext({ cert: issued.certificate, key: issued.key });
  const sockets = new Set<Socket>();
  const server = createServer((raw) => {
    sockets.add(raw);
    raw.on('error', () => undefined);
    const encrypt = (): void => {
      const secured = new TLSSocket(raw, {
        ...{ isServer: true, secureContext: context },
        ...(protocol === 'temporal' ? { ALPNProtocols: ['h2'] } : {}),
      });
      secured.on('error', () => raw.destroy());
      if (target === undefined) secured.once('secure', () => secured.end());
      else {
        const behind = connect(target, '127.0.0.1');
        sockets.add(behind);
        behind.on('error', () => secured.destroy());
        secured.pipe(behind).pipe(secured);
      }
    };
    if (protocol === 'postgres') {
      // SSLRequest has eight bytes; its answer has one.
      raw.once('data', () => {
        raw.write('S');
        encrypt();
      });
    } else {
      if (protocol === 'nats') raw.write(INFO);
      encrypt();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

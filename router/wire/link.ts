/**
 * What the source and the chain speak to the server through: the client's own connection (`plain-link.ts`), or protocol
 * bytes by hand on a socket of the term's own (`fast-link.ts`). Both run the same source and the same chain.
 */

/** Of a server that tells none, and nats-server's default. */
export const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** Where a delivery of JetStream stands, read from its reply subject. */
export interface DeliveryPlace {
  readonly consumerSequence: number;
  readonly rawSequence: number;
  /** Messages of the stream behind this one. */
  readonly pending: number;
}

export interface LinkMessage {
  readonly subject: string;
  /** null: no delivery of a consumer, but a status or an answer. */
  readonly delivery: DeliveryPlace | null;
  /** The header block with its blank line, or null. */
  readonly header: Uint8Array | null;
  readonly payload: Uint8Array;
}

export interface ChainedMessage {
  readonly subject: string;
  /** Header lines that are open for the chain's own (routing/event-headers.ts). */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
  readonly rawSequence: number;
}

export interface Link {
  /** As the server last sent it to this connection; after a reload the server informs no earlier connection. */
  readonly maxPayload: number;
  /** For answers, below the prefix that the user may subscribe to. */
  newInbox(): string;
  /** The returned function ends it. */
  subscribe(subject: string, onMessage: (message: LinkMessage) => void): () => void;
  publish(subject: string, payload: string, reply: string): void;
  /** Sent before the turn of the event loop is over, in the order of the calls. @throws where the connection is closed */
  publishChained(message: ChainedMessage, expectedLast: number, reply: string | undefined): void;
  /** Called once, when nothing will come or go any more. */
  onLost: (detail: string) => void;
  close(): void;
}

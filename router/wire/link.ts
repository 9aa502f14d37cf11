/**
 * The transport of source and chain: the client's own connection (`plain-link.ts`), or protocol
 * bytes on a term's own socket (`fast-link.ts`). Both run the same source and chain.
 */

/** nats-server's default, also for a server that announces none. */
export const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** A JetStream delivery's place, from its reply subject. */
export interface DeliveryPlace {
  readonly consumerSequence: number;
  readonly rawSequence: number;
  /** Messages of the stream after this one. */
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
  /**
   * The server's last value for this connection. After a reload the server does not inform earlier
   * connections.
   */
  readonly maxPayload: number;
  /** For answers, below the prefix that the user may subscribe to. */
  newInbox(): string;
  /** The returned function ends the subscription. */
  subscribe(subject: string, onMessage: (message: LinkMessage) => void): () => void;
  publish(subject: string, payload: string, reply: string): void;
  /**
   * Sent before the end of this turn of the event loop, in order. @throws if the connection is
   * closed
   */
  publishChained(message: ChainedMessage, expectedLast: number, reply: string | undefined): void;
  /** Called once, when the connection is lost. */
  onLost: (detail: string) => void;
  close(): void;
}

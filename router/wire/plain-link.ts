/**
 * The plain form: the client's own publish and subscriptions. The API alone takes 26 µs of Node per
 * event (docs/routing.md).
 */
import type { NatsConnection } from 'nats';
import { chained } from '../../routing/event-headers.js';
import { newInbox } from '../../platform/nats.js';
import { headerBytes, RawHeaders } from '../../routing/raw-headers.js';
import { placeOfReply } from './delivery-place.js';
import { DEFAULT_MAX_PAYLOAD, type ChainedMessage, type Link, type LinkMessage } from './link.js';

export class PlainLink implements Link {
  /** A lost connection shows in the client's status (router.ts), and in errors of calls. */
  onLost: (detail: string) => void = () => undefined;

  constructor(private readonly nc: NatsConnection) {}

  get maxPayload(): number {
    return this.nc.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
  }

  newInbox(): string {
    return newInbox(this.nc);
  }

  subscribe(subject: string, onMessage: (message: LinkMessage) => void): () => void {
    const subscription = this.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) {
          this.onLost(error.message);
          return;
        }
        const { subject: on, data: payload, reply } = message;
        const header = headerBytes(message);
        onMessage({ subject: on, delivery: placeOfReply(reply), header, payload });
      },
    });
    return () => {
      try {
        subscription.unsubscribe();
      } catch {
        // The connection is closed, and its subscriptions with it.
      }
    };
  }

  publish(subject: string, payload: string, reply: string): void {
    this.nc.publish(subject, payload, { reply });
  }

  publishChained(message: ChainedMessage, expectedLast: number, reply: string | undefined): void {
    const block = chained(message.headers, expectedLast, message.rawSequence);
    const headers = new RawHeaders(block);
    this.nc.publish(
      message.subject,
      message.payload,
      reply === undefined ? { headers } : { headers, reply },
    );
  }

  close(): void {
    // The router closes the connection.
  }
}

/** From a delivery of `RAW` to what is stored in `ROUTED`: decision, headers, size checks. No I/O. */
import {
  dlq,
  oversize,
  type Destination,
  type Destinations,
  type Limits,
} from '../domain/destination.js';
import {
  CHAIN_BYTES,
  carriedHeaders,
  carriedToDlq,
  droppedHeaders,
} from '../domain/event-headers.js';
import { classifyFast } from '../domain/guild-scan.js';
import type { Outgoing } from './egress.js';
import type { Delivery } from './source.js';

const PRODUCTION_LABEL = 'production';
const DLQ_LABEL = 'dlq';

export interface Routed {
  readonly outgoing: Outgoing;
  readonly destination: Destination;
}

export function routeDelivery(
  delivery: Delivery,
  destinationOf: Destinations,
  limits: Limits,
): Routed {
  const { payload, rawSequence } = delivery;
  const destination = destinationOf(delivery.subject, classifyFast(payload));
  const headers =
    destination.dlq === null
      ? carriedHeaders(delivery.header)
      : carriedToDlq(delivery.header, {
          detail: destination.dlq.detail,
          subject: delivery.subject,
        });
  const tooLarge = oversize(
    {
      subject: destination.subject,
      headerBytes: headers.length + CHAIN_BYTES,
      payloadBytes: payload.length,
    },
    limits,
  );
  if (tooLarge !== null) {
    const instead = dlq('oversize', tooLarge);
    const own = droppedHeaders({ detail: tooLarge, subject: delivery.subject });
    return {
      outgoing: { subject: instead.subject, headers: own, payload, rawSequence, label: DLQ_LABEL },
      destination: instead,
    };
  }
  const label = destination.sandboxId ?? (destination.dlq === null ? PRODUCTION_LABEL : DLQ_LABEL);
  return {
    outgoing: { subject: destination.subject, headers, payload, rawSequence, label },
    destination,
  };
}

/** From a delivery of `RAW` to a message for `ROUTED`: decision, headers, size checks. No I/O. */
import {
  dlq,
  oversize,
  type Destination,
  type Destinations,
  type DlqReason,
  type Limits,
} from '../routing/destination.js';
import {
  CHAIN_BYTES,
  carriedHeaders,
  carriedToDlq,
  droppedHeaders,
  hidesChain,
} from '../routing/event-headers.js';
import { classifyFast } from '../discord/guild-scan.js';
import type { Outgoing } from './egress.js';
import type { Delivery } from './source.js';

const PRODUCTION_LABEL = 'production';
const DLQ_LABEL = 'dlq';
const NOTHING = new Uint8Array(0);
const HIDING = 'its headers would hide the headers of the router from nats-server';

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
    return withoutHeaders(delivery, { reason: 'oversize', detail: tooLarge }, limits);
  }
  if (delivery.header !== null && hidesChain(headers)) {
    return withoutHeaders(delivery, { reason: 'malformed', detail: HIDING }, limits);
  }
  const label = destination.sandboxId ?? (destination.dlq === null ? PRODUCTION_LABEL : DLQ_LABEL);
  return {
    outgoing: {
      subject: destination.subject,
      headers,
      payload,
      rawSequence,
      label,
      dead: destination.dlq?.reason ?? null,
    },
    destination,
  };
}

/**
 * Drops the headers and keeps the payload. If the server's limit was lowered later, even the
 * payload may be too large, and its refusal would block all following events. Then the DLQ gets
 * only its place in `RAW`.
 */
function withoutHeaders(
  delivery: Delivery,
  why: { readonly reason: DlqReason; readonly detail: string },
  limits: Limits,
): Routed {
  const { subject, payload, rawSequence } = delivery;
  const withPayload = droppedHeaders({ detail: why.detail, subject });
  const fits = withPayload.length + CHAIN_BYTES + payload.length <= limits.maxPayload;
  const detail = fits ? why.detail : `${why.detail}; not kept here, RAW has it at ${rawSequence}`;
  const destination = dlq(why.reason, detail);
  return {
    outgoing: {
      subject: destination.subject,
      headers: fits ? withPayload : droppedHeaders({ detail, subject }),
      payload: fits ? payload : NOTHING,
      rawSequence,
      label: DLQ_LABEL,
      dead: why.reason,
    },
    destination,
  };
}

/**
 * The reply subject of a delivery: `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer
 * seq>.<time>.<pending>`. The newer form has domain and account before the stream, and may have one
 * more token at the end. (`split` took 0.75 µs.)
 */
import type { DeliveryPlace } from './link.js';

const PREFIX = '$JS.ACK.';
const PREFIX_BYTES = Buffer.from(PREFIX);
const DOT = 46;

/** Where the subject's tokens begin. One reused array, because this runs for each event. */
const starts = new Int32Array(16);

/** null: no delivery. The reply decides, because an event may carry any status line of its own. */
export function placeOfReply(reply: string | undefined): DeliveryPlace | null {
  if (reply?.startsWith(PREFIX) !== true) return null;
  return placeInBytes(Buffer.from(reply, 'latin1'), 0, reply.length);
}

/** The same for a reply inside the received bytes. */
export function placeInBytes(bytes: Uint8Array, from: number, to: number): DeliveryPlace | null {
  for (let i = 0; i < PREFIX_BYTES.length; i++) {
    if (bytes[from + i] !== PREFIX_BYTES[i]) return null;
  }
  let tokens = 1;
  for (let i = from; i < to && tokens < starts.length; i++) {
    if (bytes[i] === DOT) starts[tokens++] = i + 1;
  }
  const first = tokens >= 11 ? 7 : 5;
  return {
    rawSequence: numberAt(bytes, starts[first] ?? 0, to),
    consumerSequence: numberAt(bytes, starts[first + 1] ?? 0, to),
    pending: numberAt(bytes, starts[first + 3] ?? 0, to),
  };
}

function numberAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

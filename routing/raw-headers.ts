/** Header blocks as bytes: nothing is decoded, folded, trimmed or sorted. */
import { MsgHdrsImpl, type Msg, type StoredMsg } from 'nats';

/** Sent unchanged by the client. */
export class RawHeaders extends MsgHdrsImpl {
  constructor(private readonly block: Uint8Array) {
    super();
  }

  override encode(): Uint8Array {
    return this.block;
  }
}

/**
 * Private fields of the pinned client (2.29.3). Its `headers` decodes, which loses bytes that are
 * no UTF-8.
 */
interface MessageInternals {
  readonly _rdata?: unknown;
  readonly _msg?: { readonly hdr?: unknown };
}

/** The message's header block with its blank line, or null. */
export function headerBytes(message: Msg): Uint8Array | null {
  const { _rdata: data, _msg: frame } = message as unknown as MessageInternals;
  if (data instanceof Uint8Array && typeof frame?.hdr === 'number') {
    return frame.hdr > 0 ? data.subarray(0, frame.hdr) : null;
  }
  // Another version of the client: its own encoding, which keeps well-formed headers.
  return message.headers instanceof MsgHdrsImpl ? message.headers.encode() : null;
}

/**
 * The same for a message read from its stream. Its `header` throws for names that the client would
 * not write (`Größe`, `two words`, an empty one), but other clients do. One such event at the log's
 * end stopped every router.
 */
export function storedHeaderBytes(message: StoredMsg): Uint8Array | null {
  const { smr } = message as unknown as {
    readonly smr?: { readonly message?: { readonly hdrs?: unknown } };
  };
  if (smr?.message !== undefined) {
    const { hdrs } = smr.message;
    return typeof hdrs === 'string' && hdrs !== '' ? Buffer.from(hdrs, 'base64') : null;
  }
  return message.header instanceof MsgHdrsImpl ? message.header.encode() : null;
}

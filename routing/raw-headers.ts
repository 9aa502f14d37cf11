/** Header blocks given and taken as bytes, so that nothing is decoded, folded, trimmed or sorted on the way. */
import { MsgHdrsImpl, type Msg, type StoredMsg } from 'nats';

/** What the client sends as it is. */
export class RawHeaders extends MsgHdrsImpl {
  constructor(private readonly block: Uint8Array) {
    super();
  }

  override encode(): Uint8Array {
    return this.block;
  }
}

/** What the pinned client (2.29.3) keeps of a message; `headers` decodes it, which loses bytes that are no UTF-8. */
interface MessageInternals {
  readonly _rdata?: unknown;
  readonly _msg?: { readonly hdr?: unknown };
}

/** The message's header block, blank line included, or null where it has none. */
export function headerBytes(message: Msg): Uint8Array | null {
  const { _rdata: data, _msg: frame } = message as unknown as MessageInternals;
  if (data instanceof Uint8Array && typeof frame?.hdr === 'number') {
    return frame.hdr > 0 ? data.subarray(0, frame.hdr) : null;
  }
  // Another version of the client: its own encoding, which keeps what is well formed.
  return message.headers instanceof MsgHdrsImpl ? message.headers.encode() : null;
}

/**
 * The same of a message that was read out of its stream. Its `header` throws at names that the client would not write
 * (`Größe`, `two words`, an empty one), which the server takes from other clients: one such event at the end of the log kept
 * every router from reading its position.
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

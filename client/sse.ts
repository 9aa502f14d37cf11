/**
 * Reads `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html) from a
 * body of `fetch`.
 */

export interface ServerSentEvent {
  /** Default `message`. */
  readonly event: string;
  readonly data: string;
  /** The last id that the stream has named; empty before the first. */
  readonly id: string;
}

/** The state of a stream, in addition to its events. */
export interface StreamState {
  lastEventId: string;
  /** In ms: how long to wait before connecting again. Null until the stream names it. */
  retryMs: number | null;
}

/** A line longer than this is no event of ours: a payload has at most 1 MiB. */
const LONGEST_LINE = 16_777_216;

/** Ends with the body. An event that is cut is left out. */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
  state: StreamState,
): AsyncGenerator<ServerSentEvent> {
  let event = '';
  let data: string[] = [];
  // Takes effect only when its event is complete: an incomplete event is sent again.
  let id = state.lastEventId;
  for await (const line of linesOf(body)) {
    if (line === '') {
      state.lastEventId = id;
      if (data.length > 0)
        yield {
          event: event === '' ? 'message' : event,
          data: data.join('\n'),
          id: state.lastEventId,
        };
      [event, data] = ['', []];
      continue;
    }
    const colon = line.indexOf(':');
    // A comment, such as a heartbeat.
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'retry' && /^[0-9]{1,9}$/.test(value)) state.retryMs = Number(value);
  }
}

/** Lines without their ends (LF, CR or both). Text after the last end is no line. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  // Parts are joined when their line ends. Joining earlier would search a long line again for each
  // part.
  let parts: string[] = [];
  let held = 0;
  let afterReturn = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      let text = decoder.decode(value, { stream: true });
      if (text === '') continue;
      if (afterReturn && text.startsWith('\n')) text = text.slice(1);
      afterReturn = text.endsWith('\r');
      const lines = text.split(/\r\n|\n|\r/);
      const rest = lines.pop() ?? '';
      for (const line of lines) {
        yield parts.join('') + line;
        parts = [];
        held = 0;
      }
      if (rest !== '') parts.push(rest);
      held += rest.length;
      if (held > LONGEST_LINE) throw new RangeError('a line of the stream is too long');
    }
  } finally {
    // Releases the connection, also if the caller stops reading.
    await reader.cancel().catch(() => undefined);
  }
}

/** `text/event-stream`, cut into parts at any byte. */
import { describe, expect, it } from 'vitest';
import { serverSentEvents, type StreamState } from '../../../client/sse.js';

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function read(chunks: readonly (string | Uint8Array)[]) {
  const state: StreamState = { lastEventId: '', retryMs: null };
  const bytes = chunks.map((one) =>
    typeof one === 'string' ? new TextEncoder().encode(one) : one,
  );
  const events = [];
  for await (const event of serverSentEvents(bodyOf(bytes), state)) events.push(event);
  return { events, state };
}

const TEXT =
  ': hello\nretry: 1500\n\nid: 7\ndata: {"a":"é😀"}\n\nevent: waiting\ndata: {}\n\nid:8\ndata:x\ndata: y\n\n';
const EVENTS = [
  { event: 'message', data: '{"a":"é😀"}', id: '7' },
  { event: 'waiting', data: '{}', id: '7' },
  { event: 'message', data: 'x\ny', id: '8' },
];

describe('a stream of events', () => {
  it.each([
    ['LF', TEXT],
    ['CR LF', TEXT.replaceAll('\n', '\r\n')],
    ['CR', TEXT.replaceAll('\n', '\r')],
  ])('is the same however it is cut, with %s at the end of lines', async (_ends, text) => {
    const bytes = new TextEncoder().encode(text);
    for (let size = 1; size <= 9; size += 1) {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) parts.push(bytes.slice(at, at + size));
      const { events, state } = await read(parts);
      expect(events).toEqual(EVENTS);
      expect(state).toEqual({ lastEventId: '8', retryMs: 1500 });
    }
  });

  it('leaves out an event that was cut', async () => {
    expect((await read(['data: a\n\ndata: b\n'])).events).toEqual([
      { event: 'message', data: 'a', id: '' },
    ]);
  });

  it('takes no time to come back that is no number', async () => {
    expect((await read(['retry: 1e9\nretry: soon\n\n'])).state.retryMs).toBeNull();
  });

  it('gives the connection back where the caller stops', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('data: x\n\n'));
      },
      cancel() {
        cancelled = true;
      },
    });
    for await (const _event of serverSentEvents(body, { lastEventId: '', retryMs: null })) break;
    expect(cancelled).toBe(true);
  });

  it('refuses a line without an end', async () => {
    const long = new Uint8Array(1_048_576).fill(120);
    await expect(read(Array.from({ length: 17 }, () => long))).rejects.toThrow(RangeError);
  });
});

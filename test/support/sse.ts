/** Server-sent events, read as a client without our code would read them. */
import { onTestFinished } from 'vitest';
import { apiUrl } from './api.js';
import { until } from './stack.js';

export interface SentEvent {
  readonly id: string | null;
  /** `message` where the server names none. */
  readonly name: string;
  readonly data: Record<string, unknown>;
}

export interface OpenStream {
  readonly status: number;
  readonly events: SentEvent[];
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
  /** Waits for an event. */
  next(what: string, found: (event: SentEvent) => boolean, millis?: number): Promise<SentEvent>;
  close(): void;
}

/** Closed when the test ends. */
export async function openStream(
  path: string,
  token: string,
  { url = apiUrl(), headers = {} }: { url?: string; headers?: Record<string, string> } = {},
): Promise<OpenStream> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: stop.signal,
  });
  const events: SentEvent[] = [];
  const ended = read(response, events).catch(() => undefined);
  return {
    status: response.status,
    events,
    ended,
    next: (what, found, millis) => until(what, () => Promise.resolve(events.find(found)), millis),
    close: () => stop.abort(),
  };
}

async function read(response: Response, events: SentEvent[]): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string | null =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? null;
      const data = field('data');
      if (data === null) continue;
      events.push({
        id: field('id'),
        name: field('event') ?? 'message',
        data: JSON.parse(data) as Record<string, unknown>,
      });
    }
  }
}

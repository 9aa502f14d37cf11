/**
 * Reads a stream in batches by direct gets (nats-server 2.11, ADR-31). A reader needs no consumer, and so no right to make
 * one: whoever makes a consumer can have the server deliver into any stream.
 */
import type { Msg, NatsConnection } from 'nats';
import { unreachable } from '../domain/errors.js';
import { DeadlineError, withDeadline } from '../platform/deadline.js';
import { newInbox } from '../platform/nats.js';
import { inNats, isNotFound } from '../platform/nats-errors.js';
import { headerBytes, storedHeaderBytes } from './raw-headers.js';

export interface StoredEvent {
  readonly sequence: number;
  readonly subject: string;
  readonly time: Date;
  readonly headers: Uint8Array | null;
  readonly data: Uint8Array;
}

export interface Batch {
  readonly events: readonly StoredEvent[];
  /** Every event of the subject before it has been read. */
  readonly next: number;
}

const ASK_MS = 2_000;
const BATCH = 256;
/** Less than what a watcher may leave unread (api/streams/outlet.ts): a batch is handed out at once. */
const BATCH_BYTES = 262_144;

export interface ReaderOptions {
  readonly stream: string;
  /** Where JetStream answers this connection; undefined: its own place. */
  readonly apiPrefix?: string | undefined;
}

export class BatchReader {
  constructor(
    private readonly nats: NatsConnection,
    private readonly options: ReaderOptions,
  ) {}

  /** Behind the newest message. @throws SANDBOX_009 */
  end(): Promise<number> {
    return inNats(async () => {
      const { state } = await (await this.streams()).info(this.options.stream);
      return state.last_seq + 1;
    });
  }

  /** The subject's next events from `from` on; none where there are none below `end`, as `end()` gave it. @throws SANDBOX_009 */
  async read(from: number, subject: string, end: number): Promise<Batch> {
    if (from >= end) return { events: [], next: from };
    const events = await this.direct(from, subject);
    const last = events.at(-1);
    if (last !== undefined) return { events, next: last.sequence + 1 };
    // A replica answers a direct get, and may lag behind: only the leader knows that there is nothing.
    const first = await this.firstAt(from, subject);
    if (first === null) return { events: [], next: end };
    return { events: [first], next: first.sequence + 1 };
  }

  private firstAt(from: number, subject: string): Promise<StoredEvent | null> {
    return inNats(async () => {
      try {
        const query: { seq: number; next_by_subj: string } = { seq: from, next_by_subj: subject };
        const found = await (await this.streams()).getMessage(this.options.stream, query);
        const { seq: sequence, time, data } = found;
        return { sequence, subject: found.subject, time, data, headers: storedHeaderBytes(found) };
      } catch (error) {
        if (isNotFound(error)) return null;
        throw error;
      }
    });
  }

  private async direct(from: number, subject: string): Promise<StoredEvent[]> {
    const { stream, apiPrefix = '$JS.API' } = this.options;
    const inbox = newInbox(this.nats);
    const events: StoredEvent[] = [];
    let subscription: ReturnType<NatsConnection['subscribe']> | undefined;
    const complete = new Promise<void>((resolve, reject) => {
      subscription = this.nats.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null) reject(error);
          const reply = replyOf(message);
          if (reply === 'end') resolve();
          else if (reply instanceof Error) reject(reply);
          else events.push(reply);
        },
      });
    });
    try {
      const query = { seq: from, next_by_subj: subject, batch: BATCH, max_bytes: BATCH_BYTES };
      this.nats.publish(`${apiPrefix}.DIRECT.GET.${stream}`, JSON.stringify(query), {
        reply: inbox,
      });
      await withDeadline(complete, ASK_MS, 'NATS');
      return events;
    } catch (error) {
      throw error instanceof DeadlineError ? unreachable('nats', error) : error;
    } finally {
      subscription?.unsubscribe();
    }
  }

  private async streams() {
    const { apiPrefix } = this.options;
    const { streams } = await this.nats.jetstreamManager({
      ...{ checkAPI: false, timeout: ASK_MS },
      ...(apiPrefix === undefined ? {} : { apiPrefix }),
    });
    return streams;
  }
}

const STATUS = /^NATS\/1\.0 ([0-9]{3})/;

/** `end`: the batch is over, or there was nothing. */
function replyOf(message: Msg): StoredEvent | 'end' | Error {
  const headers = headerBytes(message);
  const text = Buffer.from(headers ?? []).toString('latin1');
  // An event's own first line may look like a status.
  if (!text.includes('\r\nNats-Sequence: ')) return statusOf(text);
  // The server's own lines stand behind the message's.
  const line = (name: string): string =>
    text
      .slice(text.lastIndexOf(`\r\n${name}: `))
      .split('\r\n')[1]
      ?.slice(name.length + 2) ?? '';
  return {
    sequence: Number(line('Nats-Sequence')),
    subject: line('Nats-Subject'),
    time: new Date(line('Nats-Time-Stamp')),
    headers,
    data: message.data,
  };
}

function statusOf(text: string): 'end' | Error {
  const [, status] = STATUS.exec(text) ?? [];
  if (status === '204' || status === '404') return 'end';
  const cause = new Error(`a batch was refused: ${text.slice(0, 100)}`);
  return status === '503' ? unreachable('nats', cause) : cause;
}

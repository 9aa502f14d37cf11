/**
 * The events of all watched sandboxes. One reader of ROUTED serves all watchers, and encodes each
 * event once.
 */
import type { NatsConnection } from 'nats';
import { sandboxEventOf } from '../../control/events.js';
import { isSandboxId, natsPrefix, type SandboxId } from '../../domain/names.js';
import { delay } from '../../platform/deadline.js';
import { BatchReader, type StoredEvent } from '../../routing/batch-reader.js';
import { STREAMS } from '../../routing/subjects.js';
import { frameOf, signalOf, type Frame, type Outlet } from './outlet.js';

const POLL_MS = 50;
const AWAY_MS = 500;
const ALL = 'sandbox.>';

export interface HubOptions {
  readonly connect: () => Promise<NatsConnection>;
  readonly apiPrefix: string | undefined;
}

interface Watcher {
  readonly outlet: Outlet;
  /** It has everything before this sequence. */
  readonly from: number;
}

export class EventHub {
  private readonly watched = new Map<SandboxId, Set<Watcher>>();
  /** Calls of `watch` that have not ended. */
  private interested = 0;
  /** The watchers have all events before it; null without watchers. */
  private next: number | null = null;
  private running: Promise<void> = Promise.resolve();
  /** Batches of the shared reader: the cost of all watchers together for the server. */
  reads = 0;

  constructor(private readonly options: HubOptions) {}

  /**
   * Writes the sandbox's events to the outlet until that ends.
   * @param from the first sequence; null: only new events
   * @param follow false: ends after the stored events
   */
  async watch(
    sandboxId: SandboxId,
    from: number | null,
    outlet: Outlet,
    follow = true,
  ): Promise<void> {
    this.interested += 1;
    try {
      const reader = await this.reader();
      const began = await reader.end();
      if (follow) this.begin(began);
      let at = Math.min(from ?? began, began);
      // Stored events are read for this watcher only, until it reaches the shared reader.
      for (let end = began; at < end && !outlet.ended.aborted; end = this.next ?? began)
        at = await this.catchUp(reader, { sandboxId, at, end }, outlet);
      if (!follow || outlet.ended.aborted) return;
      outlet.write(signalOf('waiting', {}));
      await this.join(sandboxId, { outlet, from: at });
    } finally {
      this.interested -= 1;
    }
  }

  /** The sequence after the newest event. @throws SANDBOX_009 */
  async end(): Promise<number> {
    return (await this.reader()).end();
  }

  /** Resolves when the reader has ended; every outlet has ended before. */
  async close(): Promise<void> {
    await this.running;
  }

  private async reader(): Promise<BatchReader> {
    const { connect, apiPrefix } = this.options;
    return new BatchReader(await connect(), { stream: STREAMS.routed, apiPrefix });
  }

  private async catchUp(
    reader: BatchReader,
    { sandboxId, at, end }: { sandboxId: SandboxId; at: number; end: number },
    outlet: Outlet,
  ): Promise<number> {
    const prefix = natsPrefix(sandboxId);
    const { events, next } = await reader.read(at, `${prefix}>`, end);
    for (const event of events.filter(({ sequence }) => sequence < end)) {
      outlet.write(frame(event, prefix));
      // Stored events are read as fast as this client reads.
      await outlet.room();
    }
    return Math.min(next, end);
  }

  /** Resolves when the outlet has ended. */
  private join(sandboxId: SandboxId, watcher: Watcher): Promise<void> {
    const watchers = this.watched.get(sandboxId) ?? new Set();
    this.watched.set(sandboxId, watchers.add(watcher));
    const { ended } = watcher.outlet;
    return new Promise((resolve) => {
      const leave = (): void => {
        watchers.delete(watcher);
        if (watchers.size === 0) this.watched.delete(sandboxId);
        resolve();
      };
      if (ended.aborted) leave();
      else ended.addEventListener('abort', leave);
    });
  }

  private begin(at: number): void {
    if (this.next !== null) return;
    this.next = at;
    this.running = this.run(at);
  }

  /** Runs while there are watchers, also during an outage of NATS. */
  private async run(begin: number): Promise<void> {
    let away = false;
    for (let at = begin; this.interested > 0;) {
      try {
        const reader = await this.reader();
        const end = await reader.end();
        away = false;
        // The stream was recreated: its sequences begin again.
        if (end < at) this.endAll();
        const { events, next } = await reader.read(Math.min(at, end), ALL, end);
        this.reads += 1;
        this.hand(events);
        this.next = at = next;
        if (events.length === 0) await delay(POLL_MS);
      } catch {
        if (!away) for (const { outlet } of this.watchers()) outlet.write(signalOf('away', {}));
        away = true;
        await delay(AWAY_MS);
      }
    }
    this.next = null;
  }

  private hand(events: readonly StoredEvent[]): void {
    for (const event of events) {
      const [, id = ''] = event.subject.split('.', 2);
      const watchers = isSandboxId(id) ? this.watched.get(id) : undefined;
      if (watchers === undefined) continue;
      const bytes = frame(event, `sandbox.${id}.`);
      for (const { outlet, from } of watchers) if (event.sequence >= from) outlet.write(bytes);
    }
  }

  private watchers(): Watcher[] {
    return [...this.watched.values()].flatMap((watchers) => [...watchers]);
  }

  private endAll(): void {
    for (const { outlet } of this.watchers()) outlet.end();
  }
}

const frame = (event: StoredEvent, prefix: string): Frame =>
  frameOf(event.sequence, sandboxEventOf(event, prefix));

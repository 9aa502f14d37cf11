/**
 * Whether workers take work from a task queue. A waiting caller learns that no worker runs, or that
 * workers are busy.
 */
import { setTimeout } from 'node:timers/promises';
import { SandboxError } from '../domain/errors.js';
import { taskQueueFacts, type TemporalClient } from '../platform/temporal.js';

/** @param ahead how many workflow tasks wait before the caller's, as far as Temporal knows */
export type OnBusy = (ahead: number) => void;

export interface Presence {
  /** Workers that polled recently. */
  readonly workers: number;
  /** Milliseconds since a worker last polled; infinite if none is known. */
  readonly silentMs: number;
  /** Workflow tasks that no worker has taken yet. */
  readonly backlog: number;
}

/**
 * A busy worker polls after each task. A killed worker stays in the list for minutes. With 10 s, a
 * create failed that only had to wait for a restart: on a slow machine a worker starts in 12 s.
 */
const SILENT_MS = 20_000;
/** Most answers come sooner. Temporal is asked only after this time. */
const FIRST_LOOK_MS = 1_000;
const LOOK_EVERY_MS = 3_000;
/** One answer serves all callers of this process. */
const FRESH_MS = 1_000;

export class WorkerPresence {
  private last: { readonly at: number; readonly seen: Promise<Presence> } | undefined;

  constructor(
    private readonly temporal: TemporalClient,
    private readonly taskQueue: string,
    private readonly silentMs = SILENT_MS,
  ) {}

  look(): Promise<Presence> {
    if (this.last === undefined || Date.now() - this.last.at > FRESH_MS)
      this.last = { at: Date.now(), seen: this.ask() };
    return this.last.seen;
  }

  /**
   * Never resolves. @throws SANDBOX_009 as soon as no worker takes work; `consequence` is part of
   * its message
   */
  async untilUnserved(consequence: string, onBusy: OnBusy, signal: AbortSignal): Promise<never> {
    for (let wait = FIRST_LOOK_MS; await passed(wait, signal); wait = LOOK_EVERY_MS) {
      // If Temporal does not answer, the waiting call reports it.
      const seen = await this.look().catch(() => null);
      if (seen === null) continue;
      const why = unservedBecause(seen, this.taskQueue, this.silentMs);
      if (why !== null) throw noWorker(`${why}; ${consequence}`);
      if (seen.backlog > 0) onBusy(seen.backlog);
    }
    return new Promise<never>(() => undefined);
  }

  private async ask(): Promise<Presence> {
    const { polls, backlog } = await taskQueueFacts(this.temporal, this.taskQueue);
    return { workers: polls.length, silentMs: Math.min(Infinity, ...polls), backlog };
  }
}

/** False if `signal` ended the wait. Does not keep the process alive. */
async function passed(millis: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(millis, true, { signal, ref: false }).catch(() => false);
}

/** Null if a worker takes work. Pure. @param silentMs the silence after which none does */
export function unservedBecause(
  seen: Presence,
  taskQueue: string,
  silentMs = SILENT_MS,
): string | null {
  if (seen.workers === 0) return `no worker asks for work of task queue ${taskQueue}`;
  if (seen.backlog === 0 || seen.silentMs < silentMs) return null;
  const seconds = Math.round(seen.silentMs / 1_000);
  return `no worker has asked for work of task queue ${taskQueue} for ${seconds} s`;
}

export const NO_WORKER_HINT = 'Is a worker running? `bd dev status` shows the local stack.';

const noWorker = (message: string): SandboxError =>
  new SandboxError('SANDBOX_009', message, {
    hint: NO_WORKER_HINT,
    details: { dependency: 'worker' },
  });

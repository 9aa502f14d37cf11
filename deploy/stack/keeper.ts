/** Keeps one service alive: starts it, finds out when it serves, brings it back when it dies, stops it for good. */
import { closeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf, SandboxError, type Dependency } from '../../domain/errors.js';
import { delay, withDeadline } from '../../platform/deadline.js';
import { every } from '../../platform/every.js';
import type { Bookkeeping } from './bookkeeping.js';
import { spawnChild, type Child } from './child.js';
import type { ProcessIdentity } from './identity.js';
import type { ReadyMessage, Service, ServiceState, ServiceStatus } from './service.js';

/** A service that died starts again at once; one that keeps dying is not allowed to eat the machine. */
const BACK_OFF_MS = [0, 250, 500, 1_000, 2_000, 5_000] as const;
/** Having run this long, it is healthy again and the back-off begins anew. */
const HEALTHY_AFTER_MS = 20_000;
/** A service that says so three times needs a restart: one bad answer may be of a moment. */
const NEEDS_RESTART_TIMES = 3;
const NEEDS_RESTART_EVERY_MS = 2_000;
/** While all is well, one of so many rounds asks. */
const WELL_ROUNDS = 3;
const PROBE_EVERY_MS = 25;
const PROBE_WITHIN_MS = 2_000;

const PORT_TAKEN = /address already in use|EADDRINUSE|failed listening on port/i;

/** The start failed; `tail` is what the service wrote last. */
export class StartError extends SandboxError {
  /** Another process had its port. */
  readonly portTaken: boolean;

  constructor(service: Dependency, reason: string, logPath: string, tail: string) {
    const log = tail === '' ? '' : `\n${tail.replace(/^/gm, '  | ')}`;
    super('SANDBOX_009', `${service} did not start: ${reason}${log}`, {
      hint: `Its log is ${logPath}.`,
      details: { dependency: service },
    });
    this.portTaken = PORT_TAKEN.test(tail);
  }
}

export interface KeeperOptions {
  readonly logDir: string;
  readonly books: Bookkeeping;
  /** Called with every process that begins or ends, so that a record outlives us. */
  readonly onChild: (name: string, identity: ProcessIdentity | null) => Promise<void>;
  readonly onChange: (text: string) => void;
}

export class Keeper {
  private child: Child | null = null;
  private state: ServiceState = 'stopped';
  /** Why it does not serve, or ended the last time. */
  private reason: string | null = null;
  private closed = false;
  /** A run lasts from a start to the next stop, which aborts it: what belongs to it gives up. */
  private run = new AbortController();
  private watching: Promise<void> = Promise.resolve();
  /** Starts and restarts are done one at a time: two that crossed would start the service twice. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    readonly service: Service,
    private readonly options: KeeperOptions,
  ) {}

  get identity(): ProcessIdentity | null {
    return this.child?.ended() === null ? this.child.identity : null;
  }

  /** @throws StartError; nothing of it runs then */
  start(): Promise<void> {
    return this.inTurn(() => this.begin());
  }

  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.stop();
      await this.begin();
    });
  }

  /** Stops it for good; returns once its process has ended. */
  async close(): Promise<void> {
    this.closed = true;
    await this.stop();
    // A start that the stop met gives up, and a restart in the queue finds it closed.
    await this.queue;
  }

  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Asks the service itself: a process that is there but does not answer has failed. */
  async status(): Promise<ServiceStatus> {
    const { service, identity } = this;
    let { state } = this;
    let detail = state === 'running' ? null : this.reason;
    if (state === 'running') {
      try {
        await withDeadline(service.probe(), PROBE_WITHIN_MS, service.name);
      } catch (error) {
        // It may have been stopped, or restarted, meanwhile.
        state = this.state === 'running' ? 'failed' : this.state;
        detail = `it does not answer: ${messageOf(error)}`;
      }
    }
    const [address, metrics] = [service.address(), service.metrics()];
    return { name: service.name, pid: identity?.pid ?? null, address, metrics, state, detail };
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.queue.then(work);
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async begin(): Promise<void> {
    if (this.closed) throw this.stopped();
    this.run = new AbortController();
    const { signal } = this.run;
    const child = await this.launch(signal);
    this.watching = this.watch(child, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  private async stop(): Promise<void> {
    this.run.abort(this.stopped());
    await this.end(this.child);
    await this.watching;
    this.state = 'stopped';
  }

  private stopped(): Error {
    return new Error(`${this.service.name} was stopped`);
  }

  private async end(child: Child | null): Promise<void> {
    await child?.stop(this.service.stopSignal, this.service.stopWithinMs);
  }

  /** One attempt to start. @throws StartError; nothing of it runs then */
  private async launch(signal: AbortSignal): Promise<Child> {
    this.state = 'starting';
    try {
      const child = await this.spawn(signal);
      await this.untilServing(child, signal).catch(async (error: unknown) => {
        await this.end(child);
        await this.options.onChild(this.service.name, null);
        const tail = await child.logTail();
        throw new StartError(this.service.name, messageOf(error), this.logPath, tail);
      });
      this.state = 'running';
      this.reason = null;
      return child;
    } catch (error) {
      if (!signal.aborted) this.fail(messageOf(error));
      throw error;
    }
  }

  private async spawn(signal: AbortSignal): Promise<Child> {
    const { service, options, logPath } = this;
    const launch = await service.launch();
    if (signal.aborted) {
      for (const fd of launch.passFds ?? []) closeSync(fd);
      throw this.stopped();
    }
    const log = basename(logPath);
    options.books.succeeded(log);
    this.child = await spawnChild(launch, {
      logPath,
      deathSignal: service.deathSignal,
      onLogLost: (error) => {
        options.books.failed(log, error);
      },
    });
    await options.onChild(service.name, this.child.identity);
    return this.child;
  }

  /** @throws why it never will */
  private async untilServing(child: Child, signal: AbortSignal): Promise<void> {
    const { service } = this;
    const deadline = Date.now() + service.startWithinMs;
    let announced = service.onReady === undefined;
    child.onMessage((message) => {
      if (!isReady(message)) return;
      service.onReady?.(message);
      announced = true;
    });
    for (let last = 'it does not say that it is ready'; ;) {
      signal.throwIfAborted();
      const end = child.ended();
      if (end !== null) throw new Error(`it ended with ${end}`);
      if (Date.now() > deadline)
        throw new Error(`not ready within ${service.startWithinMs / 1_000} s: ${last}`);
      try {
        if (announced) await withDeadline(service.probe(), PROBE_WITHIN_MS, service.name);
        // What answered was not it, if it has ended: somebody else has its port.
        if (announced && child.ended() === null) break;
      } catch (error) {
        last = messageOf(error);
      }
      await delay(PROBE_EVERY_MS);
    }
    await service.afterStart?.();
    signal.throwIfAborted();
  }

  /** Brings it back whenever it ends. Rejects once its run is aborted. */
  private async watch(first: Child, signal: AbortSignal): Promise<void> {
    const { service, options } = this;
    let failures = 0;
    for (let child: Child | null = first; ;) {
      if (child !== null) {
        const since = Date.now();
        const end = await this.untilEnded(child);
        await options.onChild(service.name, null);
        signal.throwIfAborted();
        if (Date.now() - since > HEALTHY_AFTER_MS) failures = 0;
        this.fail(`it ended with ${end}`);
        options.onChange(`ended unexpectedly (${end}), starting it again`);
      }
      await pause(BACK_OFF_MS[Math.min(failures++, BACK_OFF_MS.length - 1)], undefined, { signal });
      child = await this.launch(signal).catch(() => null);
      signal.throwIfAborted();
      options.onChange(child === null ? (this.reason ?? '') : 'runs again');
    }
  }

  /** Until the process ends, by itself or because only a restart helps and there is room for one. */
  private async untilEnded(child: Child): Promise<string> {
    const { service, options } = this;
    if (service.needsRestart === undefined) return child.exited;
    let times = 0;
    let rounds = 0;
    const looks = every(NEEDS_RESTART_EVERY_MS, async () => {
      rounds += 1;
      if (times === 0 && rounds % WELL_ROUNDS !== 0) return;
      const reason = (await service.needsRestart?.().catch(() => null)) ?? null;
      times = reason === null ? 0 : times + 1;
      if (times < NEEDS_RESTART_TIMES || !(await options.books.hasRoom())) return;
      times = 0;
      options.onChange(`needs a restart: ${reason}`);
      child.kill(service.stopSignal);
    });
    try {
      return await child.exited;
    } finally {
      looks.close();
    }
  }

  private fail(reason: string): void {
    this.state = 'failed';
    this.reason = reason;
  }

  private get logPath(): string {
    return join(this.options.logDir, `${this.service.name}.log`);
  }
}

function isReady(message: unknown): message is ReadyMessage {
  return (
    typeof message === 'object' && message !== null && 'ready' in message && message.ready === true
  );
}

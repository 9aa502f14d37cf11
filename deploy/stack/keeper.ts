/** Keeps one service alive: starts it, finds out when it serves, brings it back when it dies, stops it for good. */
import { closeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf, SandboxError, type Dependency } from '../../domain/errors.js';
import { delay, withDeadline } from '../../platform/deadline.js';
import { every } from '../../platform/every.js';
import type { Bookkeeping } from './bookkeeping.js';
import { spawnChild, type Child, type Exit } from './child.js';
import type { ProcessIdentity } from './identity.js';
import type { ReadyMessage, Service, ServiceState, ServiceStatus } from './service.js';

/** A service that died starts again at once; one that keeps dying is not allowed to eat the machine. */
const BACK_OFF_MS = [0, 250, 500, 1_000, 2_000, 5_000] as const;
/** Having run this long, it is healthy again and the back-off begins anew. */
const HEALTHY_AFTER_MS = 20_000;
/** A service that says so three times needs a restart: one bad answer may be of a moment. */
const NEEDS_RESTART_TIMES = 3;
const NEEDS_RESTART_EVERY_MS = 2_000;
const PROBE_EVERY_MS = 25;
const PROBE_WITHIN_MS = 2_000;

/** The start failed; `portTaken` where another process had its port. */
export class StartError extends SandboxError {
  constructor(
    service: Dependency,
    reason: string,
    logPath: string,
    tail: string,
    readonly portTaken: boolean,
  ) {
    const log = tail === '' ? '' : `\n${tail.replace(/^/gm, '  | ')}`;
    super('SANDBOX_009', `${service} did not start: ${reason}${log}`, {
      hint: `Its log is ${logPath}.`,
      details: { dependency: service },
    });
  }
}

const PORT_TAKEN = /address already in use|EADDRINUSE|failed listening on port/i;

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
  /** Raised by every stop: what was begun before it gives up. */
  private generation = 0;
  private closed = false;
  private starting: Promise<void> = Promise.resolve();
  private watching: Promise<void> = Promise.resolve();
  private restarting: Promise<void> = Promise.resolve();

  constructor(
    readonly service: Service,
    private readonly options: KeeperOptions,
  ) {}

  get identity(): ProcessIdentity | null {
    return this.child?.ended() === null ? this.child.identity : null;
  }

  /** @throws StartError; nothing of it runs then */
  async start(): Promise<void> {
    if (this.closed) throw new Error(`${this.service.name} was stopped`);
    const { generation } = this;
    const starting = this.launch(generation);
    this.starting = starting.catch(() => undefined);
    try {
      await starting;
    } catch (error) {
      if (generation === this.generation) this.fail(messageOf(error));
      throw error;
    }
    this.watching = this.watch(generation);
  }

  /** One at a time: two that crossed would start the service twice. */
  restart(): Promise<void> {
    const next = this.restarting.then(async () => {
      await this.stop();
      await this.start();
    });
    this.restarting = next.catch(() => undefined);
    return next;
  }

  /** Stops it for good; returns once its process has ended. */
  async close(): Promise<void> {
    this.closed = true;
    await this.stop();
    await this.restarting;
  }

  private async stop(): Promise<void> {
    this.generation++;
    const { child, service } = this;
    if (child !== null) await child.stop(service.stopSignal, service.stopWithinMs);
    // One that was spawned just now sees the new generation and ends its process itself.
    await this.starting;
    await this.watching;
    this.state = 'stopped';
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

  private fail(reason: string): void {
    this.state = 'failed';
    this.reason = reason;
  }

  private get logPath(): string {
    return join(this.options.logDir, `${this.service.name}.log`);
  }

  private async launch(generation: number): Promise<void> {
    const { service, options } = this;
    const cancelled = (): boolean => generation !== this.generation;
    this.state = 'starting';
    const launch = await service.launch();
    if (cancelled()) {
      for (const fd of launch.passFds ?? []) closeSync(fd);
      throw new Error(`${service.name} was stopped`);
    }
    const log = basename(this.logPath);
    options.books.succeeded(log);
    const child = await spawnChild(launch, {
      logPath: this.logPath,
      deathSignal: service.deathSignal,
      onLogLost: (error) => {
        options.books.failed(log, error);
      },
    });
    this.child = child;
    await options.onChild(service.name, child.identity);
    let problem = await this.untilReady(child, cancelled);
    if (problem === null) {
      try {
        await service.afterStart?.();
        if (!cancelled()) {
          this.state = 'running';
          this.reason = null;
          return;
        }
      } catch (error) {
        problem = messageOf(error);
      }
    }
    await child.stop(service.stopSignal, service.stopWithinMs);
    await options.onChild(service.name, null);
    const tail = await child.logTail();
    throw new StartError(
      service.name,
      problem ?? 'it was stopped',
      this.logPath,
      tail,
      PORT_TAKEN.test(tail),
    );
  }

  /** Null once it serves, else why it never will. */
  private async untilReady(child: Child, cancelled: () => boolean): Promise<string | null> {
    const { service } = this;
    const deadline = Date.now() + service.startWithinMs;
    let announced = service.onReady === undefined;
    child.onMessage((message) => {
      if (!isReady(message)) return;
      service.onReady?.(message);
      announced = true;
    });
    let last = 'it does not say that it is ready';
    for (;;) {
      const end = child.ended();
      if (cancelled()) return 'it was stopped';
      if (end !== null) return `it ended with ${end.signal ?? `exit code ${end.code}`}`;
      if (Date.now() > deadline)
        return `not ready within ${service.startWithinMs / 1_000} s: ${last}`;
      if (announced) {
        try {
          await withDeadline(service.probe(), PROBE_WITHIN_MS, service.name);
          // What answered was not it, if it has ended: somebody else has its port.
          if (child.ended() === null) return null;
          continue;
        } catch (error) {
          last = messageOf(error);
        }
      }
      await delay(PROBE_EVERY_MS);
    }
  }

  /** Runs from one start to the next stop. */
  private async watch(generation: number): Promise<void> {
    const { service, options } = this;
    let failures = 0;
    let since = Date.now();
    for (;;) {
      const end = await this.untilEnded();
      await options.onChild(service.name, null);
      if (generation !== this.generation) return;
      if (Date.now() - since > HEALTHY_AFTER_MS) failures = 0;
      this.fail(`it ended with ${end?.signal ?? `exit code ${end?.code}`}`);
      options.onChange(
        `ended unexpectedly (${end?.signal ?? `exit code ${end?.code}`}), starting it again`,
      );
      for (;;) {
        await this.pause(
          BACK_OFF_MS[Math.min(failures++, BACK_OFF_MS.length - 1)] ?? 0,
          generation,
        );
        if (generation !== this.generation) return;
        try {
          await this.launch(generation);
          break;
        } catch (error) {
          if (generation !== this.generation) return;
          this.fail(messageOf(error));
          options.onChange(messageOf(error));
        }
      }
      since = Date.now();
      options.onChange('runs again');
    }
  }

  /** Until the process ends, by itself or because only a restart helps and there is room for one. */
  private async untilEnded(): Promise<Exit | undefined> {
    const { service, child, options } = this;
    let times = 0;
    const looks = every(NEEDS_RESTART_EVERY_MS, async () => {
      const reason = (await service.needsRestart?.().catch(() => null)) ?? null;
      times = reason === null ? 0 : times + 1;
      if (times < NEEDS_RESTART_TIMES || !(await options.books.hasRoom())) return;
      times = 0;
      options.onChange(`needs a restart: ${reason}`);
      child?.kill(service.stopSignal);
    });
    try {
      return await child?.exited;
    } finally {
      looks.close();
    }
  }

  /** A back-off that a stop cuts short. */
  private async pause(millis: number, generation: number): Promise<void> {
    const end = Date.now() + millis;
    while (generation === this.generation && Date.now() < end) {
      await delay(Math.min(50, end - Date.now()));
    }
  }
}

function isReady(message: unknown): message is ReadyMessage {
  return (
    typeof message === 'object' && message !== null && 'ready' in message && message.ready === true
  );
}

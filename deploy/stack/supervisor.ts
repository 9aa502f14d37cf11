/** Owns the local stack: takes the home, has its services started, answers questions about them, and ends them all. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import {
  readMasterSecret,
  readStackFile,
  stackFilePath,
  writeStackFile,
  type StackState,
} from '../../platform/stack-file.js';
import { givenFor, stackState } from './addresses.js';
import { Bookkeeping } from './bookkeeping.js';
import { ChildRecord, endLeftovers } from './identity.js';
import {
  startControl,
  type Commands,
  type ControlServer,
  type Phase,
  type StackStatus,
} from './control.js';
import { claimDataFormat } from './data-format.js';
import type { Environment } from './environment.js';
import { foreignServer } from './foreign.js';
import { asHomeError, makeHome } from './home.js';
import { majorOfData } from './install/postgres.js';
import type { Keeper } from './keeper.js';
import { takeLock, type Lock, type LockHolder } from './lock.js';
import { Ports } from './ports.js';
import { ensureMasterSecret, loadCredentials } from './secrets.js';
import { assertPlatform } from './servers.js';
import {
  idle,
  isProcessName,
  PROCESS_NAMES,
  SERVER_NAMES,
  SERVICE_NAMES,
  type OnProgress,
  type ServiceName,
  type ServiceStatus,
} from './service.js';
import { seconds, startAll } from './startup.js';

export interface SupervisorOptions {
  readonly config: Config;
  readonly env: Environment;
  /** What to start; the rest is absent. Without worker and router nothing is migrated either. */
  readonly only?: readonly ServiceName[];
  readonly onProgress: OnProgress;
}

/** Another process owns this home. */
export class AlreadyOwned extends Error {
  override readonly name = 'AlreadyOwned';
  constructor(readonly holder: LockHolder) {
    super(`process ${holder.pid} owns the stack`);
  }
}

export class Supervisor implements Commands {
  private phase: Phase = 'starting';
  private readonly keepers = new Map<ServiceName, Keeper>();
  private readonly abort = new AbortController();
  private lock: Lock | null = null;
  private control: ControlServer | null = null;
  private running: Promise<StackState> | null = null;
  private starting: Promise<StackState> | null = null;
  private stopping: Promise<void> | null = null;
  private state: StackState | null = null;
  private readonly books: Bookkeeping;
  private readonly faults = new Set<string>();
  private resolveEnded: () => void = () => undefined;
  /** Resolves once every service has ended. */
  readonly ended = new Promise<void>((resolve) => {
    this.resolveEnded = resolve;
  });

  constructor(private readonly options: SupervisorOptions) {
    this.books = new Bookkeeping(options.config.home, (text) => {
      this.tell(text);
    });
  }

  /** Something of this process went wrong that no part of it has handled: shown by the status from now on. */
  fault(error: unknown): void {
    this.faults.add(messageOf(error));
    this.tell(`unexpected: ${messageOf(error)}`);
  }

  /** Everything runs and answers when it resolves. @throws AlreadyOwned, SandboxError; nothing runs then */
  start(): Promise<StackState> {
    this.running ??= this.run();
    this.starting ??= this.running.catch(async (thrown: unknown) => {
      const error = asHomeError(this.options.config.home, thrown);
      // Of several failures the first is the cause.
      this.abort.abort(error instanceof Error ? error : new Error(messageOf(error)));
      await this.stop();
      throw this.abort.signal.reason;
    });
    return this.starting;
  }

  /** Router and worker first, then the servers they use; returns once all have ended. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  down(): void {
    this.abort.abort(
      new SandboxError('SANDBOX_007', 'the local stack was stopped while it started', {
        hint: 'Start it again with `bd dev up`.',
      }),
    );
    void this.stop();
  }

  async status(): Promise<StackStatus> {
    const { state } = this;
    if (this.phase === 'running' && state !== null)
      await this.books.keep('stack.json', () => this.keepStackFile(state));
    const services = await Promise.all(SERVICE_NAMES.map((name) => this.statusOf(name)));
    const unexpected = [...this.faults].map((text) => `unexpected: ${text}`);
    return {
      phase: this.phase,
      services,
      troubles: [...(await this.books.troubles()), ...unexpected],
    };
  }

  async restart(name: ServiceName): Promise<void> {
    if (this.phase !== 'running') {
      throw new SandboxError('SANDBOX_007', `the local stack is ${this.phase}`, {
        hint: 'Wait until it runs.',
      });
    }
    await this.keeperOf(name).restart();
  }

  signal(name: ServiceName, signal: NodeJS.Signals): number {
    const keeper = this.keeperOf(name);
    const { identity } = keeper;
    if (identity === null)
      throw new SandboxError('SANDBOX_007', `${name} does not run at the moment`);
    keeper.kill(signal);
    return identity.pid;
  }

  private async run(): Promise<StackState> {
    const { config, env, onProgress } = this.options;
    const since = Date.now();
    assertPlatform();
    const paths = await makeHome(config.home);
    const token = randomBytes(24).toString('base64url');
    this.control = await startControl(token, this);
    const taken = await takeLock(paths.lock, { controlPort: this.control.port, token });
    if ('holder' in taken) throw new AlreadyOwned(taken.holder);
    this.lock = taken.lock;

    const leftovers = await endLeftovers(paths.children);
    if (leftovers.length > 0)
      this.tell(`ended what an earlier one left running: ${leftovers.join(', ')}`);
    await rm(stackFilePath(config.home), { force: true });
    await claimDataFormat(paths);
    const hasData = (await majorOfData(join(paths.data, 'postgres', 'data'))) !== null;
    if (hasData && !readMasterSecret(config)) {
      this.tell(
        'master.key is lost, another is made: Postgres refuses the bots of living sandboxes until `bd sandbox reset`',
      );
    }
    const book = await startAll({
      ...{ config, env, paths, onProgress, abort: this.abort },
      credentials: await loadCredentials(paths, hasData),
      masterSecret: await ensureMasterSecret(config),
      ports: await Ports.load(paths.ports),
      record: new ChildRecord(paths.children, this.books),
      books: this.books,
      wanted: (name) => this.wanted(name),
      onKeeper: (keeper) => this.keepers.set(keeper.service.name, keeper),
    });
    const state = stackState(book, new Date());
    await writeStackFile(config.home, state);
    // A stop that has begun meanwhile removes the file itself.
    this.abort.signal.throwIfAborted();
    this.state = state;
    this.phase = 'running';
    const ui = state.temporal.uiUrl === null ? '' : `, Temporal Web UI at ${state.temporal.uiUrl}`;
    this.tell(`ready in ${seconds(since)}${ui}`);
    return state;
  }

  private async end(): Promise<void> {
    this.phase = 'stopping';
    const close = (names: readonly ServiceName[]): Promise<unknown> =>
      Promise.allSettled(names.map((name) => this.keepers.get(name)?.close() ?? Promise.resolve()));
    await close(PROCESS_NAMES);
    await close(SERVER_NAMES);
    // What was about to start has seen the abort by now, and a keeper made since then is closed here.
    await this.running?.catch(() => undefined);
    await close(SERVICE_NAMES);
    this.books.close();
    // A file that cannot be removed holds up no end: a reader sees by the process that nobody owns the home.
    const { lock } = this;
    const stateFile = stackFilePath(this.options.config.home);
    if (lock !== null) await rm(stateFile, { force: true }).catch(() => undefined);
    await lock?.release().catch(() => undefined);
    await this.control?.close();
    this.resolveEnded();
  }

  /** Every other process needs the file: one that was removed or damaged while the stack runs is written again. */
  private async keepStackFile(state: StackState): Promise<void> {
    const { home } = this.options.config;
    try {
      if (readStackFile(home)?.pid === process.pid) return;
    } catch {
      // Unreadable: the same as missing.
    }
    await writeStackFile(home, state);
  }

  private async statusOf(name: ServiceName): Promise<ServiceStatus> {
    const { config } = this.options;
    const given = isProcessName(name) ? undefined : givenFor(config, name);
    if (!isProcessName(name) && given !== undefined) return foreignServer(name, given, config);
    const keeper = this.keepers.get(name);
    if (keeper !== undefined) return keeper.status();
    if (!this.wanted(name)) return idle(name, 'absent');
    return idle(name, this.phase === 'starting' ? 'starting' : 'stopped');
  }

  private keeperOf(name: ServiceName): Keeper {
    const keeper = this.keepers.get(name);
    if (keeper !== undefined) return keeper;
    throw new SandboxError('SANDBOX_007', `${name} is not one that this stack runs`, {
      hint: '`bd dev status` shows which are.',
    });
  }

  private wanted(name: ServiceName): boolean {
    return this.options.only?.includes(name) ?? true;
  }

  private tell(text: string): void {
    this.options.onProgress({ service: 'stack', text });
  }
}

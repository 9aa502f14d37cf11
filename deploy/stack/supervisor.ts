/** Owns the local stack: takes the home, has its services started, answers questions about them, and ends them all. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SandboxError } from '../../domain/errors.js';
import { Closer } from '../../platform/closer.js';
import type { Config } from '../../platform/config.js';
import { readMasterSecret } from '../../platform/master-secret.js';
import {
  readStackFile,
  stackFilePath,
  writeStackFile,
  type StackState,
} from '../../platform/stack-file.js';
import { givenFor, stackState } from './addresses.js';
import { Bookkeeping } from './bookkeeping.js';
import { ChildRecord, endLeftovers } from './identity.js';
import { startControl, type Commands, type Phase, type StackStatus } from './control.js';
import { claimDataFormat } from './data-format.js';
import { foreignStatus } from './foreign.js';
import { asHomeError, makeHome, type HomePaths } from './home.js';
import { majorOfData } from './install/postgres.js';
import { Keeper } from './keeper.js';
import { takeLock, type LockHolder } from './lock.js';
import { Ports } from './ports.js';
import { ensureMasterSecret, loadCredentials } from './secrets.js';
import { assertPlatform } from './servers.js';
import {
  idle,
  isServerName,
  PROCESS_NAMES,
  SERVER_NAMES,
  SERVICE_NAMES,
  type OnProgress,
  type Service,
  type ServiceName,
  type ServiceStatus,
} from './service.js';
import { seconds, startAll } from './startup.js';

export interface SupervisorOptions {
  readonly config: Config;
  readonly env: Readonly<Record<string, string>>;
  /** What to start; the rest is absent. Without worker and router nothing is migrated either. */
  readonly only?: readonly ServiceName[] | undefined;
  readonly onProgress: OnProgress;
}

/** Another process owns this home. */
export class AlreadyOwned extends SandboxError {
  constructor(home: string, { pid }: LockHolder) {
    super('SANDBOX_007', `the local stack of ${home} runs already (pid ${pid})`, {
      hint: 'Stop it with `bd dev down` first.',
    });
  }
}

/** SIGHUP: the terminal was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Supervisor implements Commands {
  private readonly keepers = new Map<ServiceName, Keeper>();
  private readonly books: Bookkeeping;
  private readonly faults = new Set<string>();
  /** Null until everything runs. */
  private state: StackState | null = null;
  /** Aborted by the first failure of the start, or by a stop. */
  private readonly stopping = new AbortController();
  private readonly servicesEnded: Promise<void>;

  constructor(private readonly options: SupervisorOptions) {
    this.books = new Bookkeeping(options.config.home, (text) => {
      this.tell(text);
    });
    this.servicesEnded = once(this.stopping.signal, 'abort').then(() => this.endServices());
  }

  private get phase(): Phase {
    if (this.stopping.signal.aborted) return 'stopping';
    return this.state === null ? 'starting' : 'running';
  }

  /**
   * Runs the stack in this process until a signal, a `down`, or a failed start ends it. Everything runs and answers when
   * `onReady` is called, and has ended when this returns.
   * @throws AlreadyOwned, or the SandboxError of what did not start
   */
  async run(onReady: (state: StackState) => void): Promise<StackState> {
    await using parts = new Closer((what, error) => {
      this.tell(`the ${what} could not be closed: ${messageOf(error)}`);
    });
    let state: StackState;
    try {
      state = await this.start(parts);
    } catch (error) {
      // Of several reasons the first is the cause: a second abort changes nothing.
      this.stopping.abort(asHomeError(this.options.config.home, error));
      await this.servicesEnded;
      throw this.stopping.signal.reason;
    }
    onReady(state);
    await this.servicesEnded;
    return state;
  }

  down(): void {
    this.stopping.abort(
      new SandboxError('SANDBOX_007', 'the local stack was stopped while it started', {
        hint: 'Start it again with `bd dev up`.',
      }),
    );
  }

  async status(): Promise<StackStatus> {
    const { state } = this;
    if (state !== null) await this.books.keep('stack.json', () => this.keepStackFile(state));
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

  private async start(parts: Closer): Promise<StackState> {
    const { config, env, only = SERVICE_NAMES, onProgress } = this.options;
    const since = Date.now();
    await this.listen(parts);
    assertPlatform();
    const paths = await makeHome(config.home);
    await this.own(paths, parts);
    const hasData = (await majorOfData(join(paths.data, 'postgres', 'data'))) !== null;
    if (hasData && !readMasterSecret(config)) {
      this.tell(
        'master.key is lost, another is made: Postgres refuses the bots of living sandboxes until `bd sandbox reset`',
      );
    }
    const record = new ChildRecord(paths.children, this.books);
    const book = await startAll({
      ...{ config, env, only, paths, onProgress, abort: this.stopping },
      credentials: await loadCredentials(paths, hasData),
      masterSecret: await ensureMasterSecret(config),
      ports: await Ports.load(paths.ports),
      keeperOf: (service) => this.keep(service, paths, record),
    });
    const state = stackState(book, new Date());
    await writeStackFile(config.home, state);
    this.stopping.signal.throwIfAborted();
    this.state = state;
    const ui = state.temporal.uiUrl === null ? '' : `, Temporal Web UI at ${state.temporal.uiUrl}`;
    this.tell(`ready in ${seconds(since)}${ui}`);
    return state;
  }

  private async listen(parts: Closer): Promise<void> {
    // npx delivers Ctrl-C twice, and people press it again: a stop that has begun is never cut short,
    // since each of its steps has a limit of its own.
    const onSignal = (signal: NodeJS.Signals): void => {
      this.tell(`${signal}, stopping`);
      this.down();
    };
    // The services are processes of their own and go on: a fault here is reported, and no reason to stop them.
    const onFault = (error: unknown): void => {
      this.faults.add(messageOf(error));
      this.tell(`unexpected: ${messageOf(error)}`);
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
    process.on('uncaughtException', onFault).on('unhandledRejection', onFault);
    await parts.add('signal handlers', () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      process.off('uncaughtException', onFault).off('unhandledRejection', onFault);
    });
  }

  /** Takes the home, and clears it of what an earlier supervisor left. */
  private async own(paths: HomePaths, parts: Closer): Promise<void> {
    const { home } = paths;
    const token = randomBytes(24).toString('base64url');
    const opening = startControl(token, this);
    const control = await parts.open('control port', opening, (opened) => opened.close());
    const taken = await takeLock(paths.lock, { controlPort: control.port, token });
    if ('holder' in taken) throw new AlreadyOwned(home, taken.holder);
    await parts.add('lock', () => taken.lock.release());
    await parts.add('stack file', () => rm(stackFilePath(home), { force: true }));
    await parts.add('bookkeeping', () => {
      this.books.close();
    });
    const leftovers = await endLeftovers(paths.children);
    if (leftovers.length > 0)
      this.tell(`ended what an earlier one left running: ${leftovers.join(', ')}`);
    await rm(stackFilePath(home), { force: true });
    await claimDataFormat(paths);
  }

  private keep(service: Service, paths: HomePaths, record: ChildRecord): Keeper {
    const keeper = new Keeper(service, {
      logDir: paths.log,
      books: this.books,
      onChild: (name, identity) => record.set(name, identity),
      onChange: (text) => {
        this.options.onProgress({ service: service.name, text });
      },
    });
    this.keepers.set(service.name, keeper);
    return keeper;
  }

  /** Router and worker first, then the servers they use. No keeper is made once the stop has begun (startup.ts). */
  private async endServices(): Promise<void> {
    for (const names of [PROCESS_NAMES, SERVER_NAMES])
      await Promise.allSettled(names.map(async (name) => this.keepers.get(name)?.close()));
  }

  /** Every other process needs the file: one that was removed or damaged while the stack runs is written again. */
  private async keepStackFile(state: StackState): Promise<void> {
    const { home } = this.options.config;
    if (this.phase !== 'running') return;
    try {
      if (readStackFile(home)?.pid === process.pid) return;
    } catch {
      // Unreadable: the same as missing.
    }
    await writeStackFile(home, state);
  }

  private async statusOf(name: ServiceName): Promise<ServiceStatus> {
    const { config, only = SERVICE_NAMES } = this.options;
    if (isServerName(name) && givenFor(config, name) !== undefined)
      return foreignStatus(name, config);
    const keeper = this.keepers.get(name);
    if (keeper !== undefined) return keeper.status();
    if (!only.includes(name)) return idle(name, 'absent');
    return idle(name, this.phase === 'starting' ? 'starting' : 'stopped');
  }

  private keeperOf(name: ServiceName): Keeper {
    const keeper = this.keepers.get(name);
    if (keeper !== undefined) return keeper;
    throw new SandboxError('SANDBOX_007', `${name} is not one that this stack runs`, {
      hint: '`bd dev status` shows which are.',
    });
  }

  private tell(text: string): void {
    this.options.onProgress({ service: 'stack', text });
  }
}

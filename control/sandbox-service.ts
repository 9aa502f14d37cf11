/** SandboxService: the one way in, for the CLI, the API, programs and tests. */
import { customAlphabet, nanoid } from 'nanoid';
import { parseDuration } from '../domain/duration.js';
import { SandboxError } from '../domain/errors.js';
import { parseGuildId, parseGuildIds } from '../domain/guild.js';
import {
  defaultName,
  ID_ALPHABET,
  newSandboxId,
  parseOwner,
  parseSandboxId,
  parseSandboxName,
  parseSandboxRef,
  type SandboxId,
} from '../domain/names.js';
import { describeSandbox, type ExtendResult, type Sandbox } from '../domain/sandbox.js';
import { isLive, LIVE_STATUSES, type SandboxStatus } from '../domain/status.js';
import type { Config } from '../platform/config.js';
import { readMasterSecret } from '../platform/stack-file.js';
import { mappingOf } from '../store/guild-mappings.js';
import { auditOf } from '../store/audit.js';
import { findSandbox, listSandboxes, type SandboxRecord } from '../store/sandboxes.js';
import type { AuditEntry } from '../store/schema.js';
import type { SweepInput, SweepReport } from '../activities/sweep-activities.js';
import { Connections, Opening } from './connections.js';
import type { EventsOptions, ReadingOptions, SandboxEvent } from './events.js';
import { credentialsOf, identifiersOf, type SandboxEnvironment } from './environment.js';
import type { SandboxHealth } from './health.js';
import { lackingIn } from './lacking.js';
import type { Lifecycle } from './lifecycle.js';

export type { SweepInput, SweepReport };

export interface CreateSandboxOptions {
  /** Default: `sandbox-{owner}-{6 random}`. */
  readonly name?: string;
  /** Default: the configuration's owner. */
  readonly owner?: string;
  /** Such as `90m` or `24h`. Default and bounds are the worker's. */
  readonly ttl?: string;
  readonly guildIds?: readonly string[];
  /** Given again by a caller that retries: the same id is the same sandbox. */
  readonly sandboxId?: string;
  /** False: returns once Temporal has the workflow. Default true: returns when the sandbox runs. */
  readonly wait?: boolean;
}

export interface ListOptions {
  readonly owner?: string;
  readonly status?: SandboxStatus;
  /** Also what is being destroyed or has been. */
  readonly all?: boolean;
}

export interface DestroyResult {
  readonly sandbox: Sandbox;
  readonly alreadyDestroyed: boolean;
}

export interface Connection {
  readonly environment: SandboxEnvironment;
  /** The part of it that opens nothing. */
  readonly identifiers: SandboxEnvironment;
  /** Why credentials are lacking in it, all or those of one server; null where none are. */
  readonly withoutCredentials: string | null;
}

const random = (length: number): string => customAlphabet(ID_ALPHABET, length)();

export class SandboxService {
  private readonly connections: Connections;
  private readonly lifecycleOpening = new Opening(async () => {
    const [{ Lifecycle }, temporal] = await Promise.all([
      import('./lifecycle.js'),
      this.connections.temporal(),
    ]);
    return new Lifecycle(temporal, this.config.taskQueue, () => nanoid());
  });

  /** Opens no connection yet. @throws SANDBOX_009 where neither environment nor local stack names the servers */
  constructor(private readonly config: Config) {
    this.connections = new Connections(config);
  }

  /** @throws SANDBOX_001, _002, _003, _005, _008, _009 */
  async create(options: CreateSandboxOptions = {}): Promise<Sandbox> {
    const owner = parseOwner(options.owner ?? this.config.owner);
    const input = {
      sandboxId:
        options.sandboxId === undefined ? newSandboxId(random) : parseSandboxId(options.sandboxId),
      name:
        options.name === undefined ? defaultName(owner, random) : parseSandboxName(options.name),
      owner,
      ttlMs: options.ttl === undefined ? null : parseDuration(options.ttl, 'TTL'),
      guildIds: parseGuildIds(options.guildIds ?? []),
    };
    const wait = options.wait ?? true;
    await (await this.lifecycle()).create(input, wait);
    if (wait) {
      const sandbox = await this.get(input.sandboxId);
      // A run that has ended still answers the update it once answered.
      if (isLive(sandbox.status)) return sandbox;
      throw new SandboxError(
        'SANDBOX_007',
        `sandbox ${sandbox.id} has been destroyed; an id is used once`,
      );
    }
    const now = new Date();
    const ttlMs = input.ttlMs ?? this.config.policy.defaultTtlMs;
    const expiresAt = new Date(now.getTime() + ttlMs);
    return describeSandbox({
      ...input,
      status: 'pending',
      createdAt: now,
      expiresAt,
      destroyedAt: null,
    });
  }

  /** By id or name. @throws SANDBOX_004 */
  async get(idOrName: string): Promise<Sandbox> {
    return describeSandbox(await this.row(idOrName));
  }

  /** Newest first. Without `all` or a status: the live ones. */
  async list({ owner, status, all = false }: ListOptions = {}): Promise<Sandbox[]> {
    const wanted = status !== undefined ? [status] : all ? undefined : [...LIVE_STATUSES];
    const rows = await listSandboxes(this.connections.database, {
      ...(owner === undefined ? {} : { owner: parseOwner(owner) }),
      ...(wanted === undefined ? {} : { status: wanted }),
    });
    return rows.map(describeSandbox);
  }

  /**
   * Returns once `destroying` is written; `destroyed(id)` waits for the end. Destroyed already: says so, changes nothing.
   * @throws SANDBOX_004 for what never was
   */
  async destroy(idOrName: string): Promise<DestroyResult> {
    const row = await this.rowOrBegun(idOrName);
    if (row.status === 'destroyed')
      return { sandbox: describeSandbox(row), alreadyDestroyed: true };
    const lifecycle = await this.lifecycle();
    if (!(await this.endsItself(row.sandboxId))) {
      // Its workflow was terminated: the sweep gives it back, to run or to clean up, and then it can be told.
      await lifecycle.sweep({ dryRun: false, sandboxId: row.sandboxId });
      if (!(await this.endsItself(row.sandboxId))) await lifecycle.ended(row.sandboxId);
    }
    return { sandbox: await this.get(row.sandboxId), alreadyDestroyed: false };
  }

  /** Of what `destroy` would take: a row, or a create that has not claimed its row yet. @throws SANDBOX_004 */
  async statusToDestroy(idOrName: string): Promise<SandboxStatus> {
    return (await this.begun(idOrName)) === null ? (await this.row(idOrName)).status : 'pending';
  }

  /** Waits until the sandbox's workflow has ended, and gives its last state. */
  async destroyed(sandboxId: SandboxId): Promise<Sandbox> {
    await (await this.lifecycle()).ended(sandboxId);
    return this.get(sandboxId);
  }

  /** Returns once every live router sends the guild's events to the sandbox. @throws SANDBOX_003, _004, _007, _008, _009 */
  async registerGuild(idOrName: string, guildId: string): Promise<Sandbox> {
    const guild = parseGuildId(guildId);
    const { sandboxId } = await this.row(idOrName);
    await (await this.lifecycle()).registerGuild(sandboxId, guild, this.config.owner);
    return this.get(sandboxId);
  }

  /** After it returns no further event of the guild is stored for the sandbox. @throws SANDBOX_004, _007, _008, _009 */
  async unregisterGuild(guildId: string): Promise<Sandbox> {
    const guild = parseGuildId(guildId);
    const mapping = await mappingOf(this.connections.database, guild);
    if (mapping === null) {
      throw new SandboxError('SANDBOX_004', `guild ${guild} is registered to no sandbox`, {
        hint: '`bd sandbox list` shows the guilds of each sandbox.',
      });
    }
    await (await this.lifecycle()).unregisterGuild(mapping.sandboxId, guild, this.config.owner);
    return this.get(mapping.sandboxId);
  }

  /** Adds to the current expiry, clamped to now + maximum. @throws SANDBOX_004, _007, _008 */
  async extend(idOrName: string, duration: string): Promise<ExtendResult & { sandbox: Sandbox }> {
    const byMs = parseDuration(duration);
    const { sandboxId } = await this.row(idOrName);
    const outcome = await (await this.lifecycle()).extend(sandboxId, byMs, this.config.owner);
    return { ...outcome, sandbox: await this.get(sandboxId) };
  }

  /**
   * Empties schema and keys and rotates the credentials; id, expiry and guilds stay. Sessions of the bot are cut:
   * it takes its new credentials from `connection`.
   * @throws SANDBOX_004, _007
   */
  async reset(idOrName: string): Promise<Sandbox> {
    const { sandboxId } = await this.row(idOrName);
    await (await this.lifecycle()).reset(sandboxId, this.config.owner);
    return this.get(sandboxId);
  }

  /** Asks every server; answers with any of them down but Postgres. @throws SANDBOX_004, _009 */
  async status(idOrName: string): Promise<SandboxHealth> {
    const row = await this.row(idOrName);
    const { checkHealth } = await import('./health.js');
    return checkHealth(this.connections, row, async () =>
      (await this.lifecycle()).workflowStatus(row.sandboxId),
    );
  }

  /** What has happened to it, oldest first. @throws SANDBOX_004 */
  async audit(idOrName: string): Promise<AuditEntry[]> {
    const { sandboxId } = await this.row(idOrName);
    return auditOf(this.connections.database, sandboxId);
  }

  /** Its events, read beside its bot. @throws SANDBOX_004, _009; _007 where it is destroyed and more is waited for */
  async *events(idOrName: string, options: EventsOptions): AsyncGenerator<SandboxEvent> {
    const { sandboxId, name, status } = await this.row(idOrName);
    if (status === 'destroyed' && options.follow !== false) {
      throw new SandboxError('SANDBOX_007', `sandbox ${name} is destroyed: no more events come`);
    }
    const { eventsOf } = await import('./events.js');
    yield* eventsOf(this.connections, sandboxId, options);
  }

  /** What is stored of its events, newest first. @throws SANDBOX_004, _009 */
  async *storedEvents(idOrName: string, options: ReadingOptions): AsyncGenerator<SandboxEvent> {
    const { sandboxId } = await this.row(idOrName);
    const { storedEventsOf } = await import('./events.js');
    yield* storedEventsOf(this.connections, sandboxId, options);
  }

  /** Repairs and removes now what the schedule would later; `dryRun` only reports. */
  async sweep(input: SweepInput): Promise<SweepReport> {
    return (await this.lifecycle()).sweep(input);
  }

  /** @throws SANDBOX_004, SANDBOX_007 unless it runs */
  async connection(idOrName: string): Promise<Connection> {
    const row = await this.row(idOrName);
    if (row.status !== 'running') {
      throw new SandboxError('SANDBOX_007', `sandbox ${row.name} is ${row.status}, not running`);
    }
    const masterSecret = readMasterSecret(this.config);
    const { addresses } = this.connections;
    const credentials =
      masterSecret === null ? {} : credentialsOf(row, addresses, masterSecret, this.config);
    const identifiers = identifiersOf(row);
    const environment = { ...identifiers, ...credentials };
    return { environment, identifiers, withoutCredentials: lackingIn(environment) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await this.connections.close();
  }

  private async row(idOrName: string): Promise<SandboxRecord> {
    const row = await findSandbox(this.connections.database, parseSandboxRef(idOrName));
    if (row === null)
      throw new SandboxError('SANDBOX_004', `no sandbox ${JSON.stringify(idOrName)} is known`);
    return row;
  }

  /** Tells the workflow to destroy. False: it has ended, and left its row as it was. */
  private async endsItself(sandboxId: SandboxId): Promise<boolean> {
    try {
      await (await this.lifecycle()).destroy(sandboxId, this.config.owner);
      return true;
    } catch (error) {
      if (!(error instanceof SandboxError && error.details.workflow === 'ended')) throw error;
      return (await this.row(sandboxId)).status === 'destroyed';
    }
  }

  /** A create that has not claimed its row yet: known to Temporal alone. Null where there is a row, or nothing. */
  private async begun(idOrName: string): Promise<SandboxId | null> {
    const ref = parseSandboxRef(idOrName);
    if (ref.kind !== 'id' || (await findSandbox(this.connections.database, ref)) !== null)
      return null;
    const status = await (await this.lifecycle()).workflowStatus(ref.sandboxId);
    return status === 'RUNNING' ? ref.sandboxId : null;
  }

  /** Ending it where it has no row yet leaves the row, or nothing. */
  private async rowOrBegun(idOrName: string): Promise<SandboxRecord> {
    const begun = await this.begun(idOrName);
    if (begun !== null) await (await this.lifecycle()).destroy(begun, this.config.owner);
    return this.row(idOrName);
  }

  private lifecycle(): Promise<Lifecycle> {
    return this.lifecycleOpening.get();
  }
}

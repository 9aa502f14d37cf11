/** The use cases of sandboxes. Each takes the actor and first checks the actor's permission. */
import type { Actor } from '../domain/actor.js';
import { parseDuration } from '../domain/duration.js';
import { SandboxError } from '../domain/errors.js';
import { parseGuildId, parseGuildIds } from '../domain/guild.js';
import {
  defaultName,
  newSandboxId,
  parseOwner,
  parseSandboxId,
  parseSandboxName,
  parseSandboxRef,
  type Owner,
  type SandboxId,
  type SandboxRef,
} from '../domain/names.js';
import { maySee, requirePermission, type Action } from '../domain/permissions.js';
import { describeSandbox, type ExtendResult, type Sandbox } from '../domain/sandbox.js';
import { isLive, LIVE_STATUSES, type SandboxStatus } from '../domain/status.js';
import { parseTemplateName } from '../domain/template.js';
import type { Config } from '../platform/config.js';
import { readSubkey } from '../platform/subkeys.js';
import { auditOf } from '../store/audit.js';
import { mappingOf } from '../store/guild-mappings.js';
import { findSandbox, getSandbox, listSandboxes, type SandboxRecord } from '../store/sandboxes.js';
import type { AuditEntry } from '../domain/audit.js';
import type { SweepInput, SweepReport } from '../domain/sweep.js';
import { Connections, type ServiceOptions } from './connections.js';
import type {
  Connection,
  CreateSandboxOptions,
  DestroyResult,
  ExtendOptions,
  ListOptions,
} from '../domain/control.js';
import type { EventsOptions, EventToEmit, ReadingOptions, SandboxEvent } from '../domain/events.js';
import type { SandboxHealth } from '../domain/health.js';
import { lackingIn } from './lacking.js';
import type { Lifecycle } from './lifecycle.js';
import { commandOf, random } from './new-command.js';
import { pendingSandbox, sandboxOf } from './view.js';
import { namingNoHolder, requireSeen } from './visibility.js';

export class SandboxService {
  /** Shared with the other services of the same caller (identity-service.ts). */
  readonly connections: Connections;

  /** Opens no connection yet. @throws SANDBOX_009 if no environment or local stack names servers */
  constructor(
    private readonly config: Config,
    options: ServiceOptions = {},
  ) {
    this.connections = new Connections(config, options);
  }

  /** @throws SANDBOX_001, _002, _003, _005, _008, _009, _010 */
  async create(actor: Actor, options: CreateSandboxOptions): Promise<Sandbox> {
    const owner = options.owner === undefined ? actor.name : parseOwner(options.owner);
    requirePermission(actor, 'create', { owner });
    const args = {
      name:
        options.name === undefined ? defaultName(owner, random) : parseSandboxName(options.name),
      owner,
      ttlMs: options.ttl === undefined ? null : parseDuration(options.ttl, 'TTL'),
      guildIds: parseGuildIds(options.guildIds ?? []),
      ...(options.template === undefined ? {} : { template: parseTemplateName(options.template) }),
    };
    const sandboxId =
      options.sandboxId === undefined ? newSandboxId(random) : parseSandboxId(options.sandboxId);
    const command = commandOf(actor, 'create', sandboxId, args, sandboxId);
    const creating = (await this.lifecycle()).create(command, options.wait ?? true);
    const view = await namingNoHolder(actor, this.config.visibility, creating);
    if (view === null) {
      const begun = { ...args, sandboxId, createdAt: new Date() };
      return pendingSandbox(begun, this.config.policy);
    }
    // An ended run still answers an old update. A new id has no such run.
    if (options.sandboxId === undefined || isLive((await this.row(actor, sandboxId)).status))
      return sandboxOf(view);
    throw new SandboxError(
      'SANDBOX_007',
      `sandbox ${sandboxId} has been destroyed; an id is used once`,
    );
  }

  /** By id or name. `action`: the use that needs the sandbox. @throws SANDBOX_004, SANDBOX_010 */
  async get(actor: Actor, idOrName: string, action: Action = 'read'): Promise<Sandbox> {
    return describeSandbox(await this.permitted(actor, action, idOrName));
  }

  async list(actor: Actor, { owner, status, all = false }: ListOptions): Promise<Sandbox[]> {
    requirePermission(actor, 'read', null);
    const wanted = status !== undefined ? [status] : all ? undefined : [...LIVE_STATUSES];
    const rows = await listSandboxes(this.connections.database, {
      ...(owner === undefined ? {} : { owner: parseOwner(owner) }),
      ...(wanted === undefined ? {} : { status: wanted }),
    });
    return rows.filter(({ owner }) => this.maySee(actor, owner)).map(describeSandbox);
  }

  /** @throws SANDBOX_004 for a sandbox that never existed */
  async destroy(actor: Actor, idOrName: string): Promise<DestroyResult> {
    const asked = await this.endBegun(actor, idOrName);
    const row = await this.permitted(actor, 'destroy', idOrName);
    if (row.status === 'destroyed')
      return { sandbox: describeSandbox(row), alreadyDestroyed: !asked };
    const { sandboxId } = row;
    const lifecycle = await this.lifecycle();
    if (!(await this.endsItself(actor, sandboxId))) {
      // The workflow was terminated. The sweep restarts it, and then it accepts the destroy.
      await lifecycle.sweep({ dryRun: false, sandboxId });
      if (!(await this.endsItself(actor, sandboxId))) await lifecycle.waitUntilEnded(sandboxId);
    }
    return { sandbox: describeSandbox(await this.row(actor, sandboxId)), alreadyDestroyed: false };
  }

  /** The status of a row, or of a create without a row yet. @throws SANDBOX_004 */
  async statusToDestroy(actor: Actor, idOrName: string): Promise<SandboxStatus> {
    if ((await this.begun(actor, parseSandboxRef(idOrName))) !== null) return 'pending';
    return (await this.permitted(actor, 'destroy', idOrName)).status;
  }

  async waitUntilDestroyed(actor: Actor, sandboxId: SandboxId): Promise<Sandbox> {
    await this.permitted(actor, 'read', sandboxId);
    await (await this.lifecycle()).waitUntilEnded(sandboxId);
    return describeSandbox(await this.row(actor, sandboxId));
  }

  /** @throws SANDBOX_003, _004, _007, _008, _009 */
  async registerGuild(actor: Actor, ref: string, guild: string, key?: string): Promise<Sandbox> {
    const args = { guildId: parseGuildId(guild) };
    const { sandboxId } = await this.permitted(actor, 'registerGuild', ref);
    const command = commandOf(actor, 'registerGuild', sandboxId, args, key);
    const registering = (await this.lifecycle()).update(command);
    return sandboxOf(await namingNoHolder(actor, this.config.visibility, registering));
  }

  /** @throws SANDBOX_004, _007, _008, _009 */
  async unregisterGuild(actor: Actor, guildId: string, key?: string): Promise<Sandbox> {
    const args = { guildId: parseGuildId(guildId) };
    const mapping = await mappingOf(this.connections.database, args.guildId);
    const holder =
      mapping === null ? null : await getSandbox(this.connections.database, mapping.sandboxId);
    if (holder === null || !this.maySee(actor, holder.owner)) {
      throw new SandboxError('SANDBOX_004', `guild ${guildId} is registered to no sandbox`, {
        hint: '`bd sandbox list` shows the guilds of each sandbox.',
      });
    }
    requirePermission(actor, 'unregisterGuild', holder);
    const { sandboxId } = holder;
    const command = commandOf(actor, 'unregisterGuild', sandboxId, args, key);
    return sandboxOf(await (await this.lifecycle()).update(command));
  }

  /** @throws SANDBOX_004, _007, _008 */
  async extend(
    actor: Actor,
    idOrName: string,
    duration: string,
    { clamp = false }: ExtendOptions,
    key?: string,
  ): Promise<ExtendResult & { sandbox: Sandbox }> {
    const args = { byMs: parseDuration(duration), clamp };
    const { sandboxId } = await this.permitted(actor, 'extend', idOrName);
    const command = commandOf(actor, 'extend', sandboxId, args, key);
    const { extension, ...view } = await (await this.lifecycle()).extend(command);
    return { ...extension, sandbox: sandboxOf(view) };
  }

  /** @throws SANDBOX_004, _007 */
  async reset(actor: Actor, idOrName: string, key?: string): Promise<Sandbox> {
    const { sandboxId } = await this.permitted(actor, 'reset', idOrName);
    const command = commandOf(actor, 'reset', sandboxId, {}, key);
    return sandboxOf(await (await this.lifecycle()).update(command));
  }

  /** @throws SANDBOX_004, _009 */
  async status(actor: Actor, idOrName: string): Promise<SandboxHealth> {
    const row = await this.permitted(actor, 'read', idOrName);
    const { checkHealth } = await import('./health.js');
    return checkHealth(this.connections, row);
  }

  /** @throws SANDBOX_004 */
  async audit(actor: Actor, idOrName: string): Promise<AuditEntry[]> {
    const { sandboxId } = await this.permitted(actor, 'read', idOrName);
    return auditOf(this.connections.database, sandboxId);
  }

  /** @throws SANDBOX_004, _009; _007 if it is destroyed and the call would wait for more */
  async *events(
    actor: Actor,
    idOrName: string,
    options: EventsOptions,
  ): AsyncGenerator<SandboxEvent> {
    const { sandboxId, name, status } = await this.permitted(actor, 'tail', idOrName);
    if (status === 'destroyed' && options.follow !== false) {
      throw new SandboxError('SANDBOX_007', `sandbox ${name} is destroyed: no more events come`);
    }
    const { eventsOf } = await import('./events.js');
    yield* eventsOf(this.connections, sandboxId, options);
  }

  /** @throws SANDBOX_004, _009 */
  async *storedEvents(
    actor: Actor,
    idOrName: string,
    options: ReadingOptions,
  ): AsyncGenerator<SandboxEvent> {
    const { sandboxId } = await this.permitted(actor, 'tail', idOrName);
    const { storedEventsOf } = await import('./events.js');
    yield* storedEventsOf(this.connections, sandboxId, options);
  }

  /** @throws SANDBOX_004, _007 unless the sandbox runs, _008, _009 */
  async emit(actor: Actor, ref: string, events: Iterable<EventToEmit>, key?: string) {
    const row = await this.permitted(actor, 'emit', ref);
    const { emitTo } = await import('./emit.js');
    return emitTo(row, () => this.connections.nats(), events, key);
  }

  async sweep(actor: Actor, input: SweepInput): Promise<SweepReport> {
    requirePermission(actor, 'sweep', null);
    return (await this.lifecycle()).sweep(input);
  }

  /** @throws SANDBOX_004, SANDBOX_007 unless the sandbox runs */
  async connection(actor: Actor, idOrName: string): Promise<Connection> {
    const row = await this.permitted(actor, 'connect', idOrName);
    if (row.status !== 'running') {
      throw new SandboxError('SANDBOX_007', `sandbox ${row.name} is ${row.status}, not running`);
    }
    const { credentialsOf, identifiersOf } = await import('./environment.js');
    const tenantKey = readSubkey(this.config, 'tenant-passwords');
    const { addresses } = this.connections;
    const credentials =
      tenantKey === null ? {} : credentialsOf(row, addresses, tenantKey, this.config);
    const identifiers = identifiersOf(row);
    const environment = { ...identifiers, ...credentials };
    return { environment, identifiers, withoutCredentials: lackingIn(environment) };
  }

  async close(): Promise<void> {
    await this.connections.close();
  }

  /** @throws SANDBOX_004 for an unknown or hidden sandbox */
  private async row(actor: Actor, idOrName: string): Promise<SandboxRecord> {
    const row = await findSandbox(this.connections.database, parseSandboxRef(idOrName));
    return requireSeen(actor, row, idOrName, this.config.visibility);
  }

  private maySee(actor: Actor, owner: Owner): boolean {
    return maySee(actor, owner, this.config.visibility);
  }

  /** The one check of permission for an action on a sandbox. @throws SANDBOX_004, SANDBOX_010 */
  private async permitted(actor: Actor, action: Action, idOrName: string): Promise<SandboxRecord> {
    const row = await this.row(actor, idOrName);
    requirePermission(actor, action, row);
    return row;
  }

  /** Asks the workflow to destroy. False: the workflow has ended without changing its row. */
  private async endsItself(actor: Actor, sandboxId: SandboxId): Promise<boolean> {
    try {
      await (await this.lifecycle()).destroy(commandOf(actor, 'destroy', sandboxId, {}));
      return true;
    } catch (error) {
      if (!(error instanceof SandboxError && error.details.workflow === 'ended')) throw error;
      return (await this.row(actor, sandboxId)).status === 'destroyed';
    }
  }

  /** A create without a row, known only to Temporal; else null. @throws SANDBOX_010 */
  private async begun(actor: Actor, ref: SandboxRef): Promise<SandboxId | null> {
    if (ref.kind !== 'id' || (await findSandbox(this.connections.database, ref)) !== null)
      return null;
    const { sandboxId } = ref;
    const begun = await (await this.lifecycle()).begun(sandboxId);
    if (begun === null || !this.maySee(actor, begun.owner)) return null;
    requirePermission(actor, 'destroy', begun);
    return sandboxId;
  }

  /** Ends a create that has no row yet. True: this call asked for the end. */
  private async endBegun(actor: Actor, idOrName: string): Promise<boolean> {
    const begun = await this.begun(actor, parseSandboxRef(idOrName));
    if (begun === null) return false;
    await (await this.lifecycle()).destroy(commandOf(actor, 'destroy', begun, {}));
    return true;
  }

  private lifecycle(): Promise<Lifecycle> {
    return this.connections.lifecycle();
  }
}

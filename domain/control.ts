/** The operations of one caller, independent of the way to the servers. */
import type { AuditEntry } from './audit.js';
import type { EventsOptions, EventToEmit, ReadingOptions, SandboxEvent } from './events.js';
import type { SandboxHealth } from './health.js';
import type {
  CreatedToken,
  CreateTokenOptions,
  GrantOptions,
  GuildGrant,
  Identity,
  OwnerRole,
  Token,
} from './identity.js';
import type { SandboxId } from './names.js';
import type { ExtendResult, Sandbox } from './sandbox.js';
import type { SandboxEnvironment } from './sandbox-variables.js';
import type { SandboxStatus } from './status.js';
import type { SweepInput, SweepReport } from './sweep.js';
import type { AddTemplateOptions, Template, TemplateText } from './template.js';

export interface CreateSandboxOptions {
  /** Default: `sandbox-{owner}-{6 random}`. */
  readonly name?: string;
  /** Default: the caller. Another owner needs an operator. */
  readonly owner?: string;
  /** Such as `90m` or `24h`. The worker sets default and bounds. */
  readonly ttl?: string;
  readonly guildIds?: readonly string[];
  /** Default: the installation's. */
  readonly template?: string;
  /** For retries: the same id gives the same sandbox. */
  readonly sandboxId?: string;
  /** False: returns once Temporal has the workflow. Default true: returns when the sandbox runs. */
  readonly wait?: boolean;
}

export interface ListOptions {
  readonly owner?: string;
  readonly status?: SandboxStatus;
  /** Include sandboxes that are being destroyed or are destroyed. */
  readonly all?: boolean;
}

export interface ExtendOptions {
  /** Cut to the maximum instead of failing. Default false. */
  readonly clamp?: boolean;
}

export interface DestroyResult {
  readonly sandbox: Sandbox;
  readonly alreadyDestroyed: boolean;
}

export interface Connection {
  readonly environment: SandboxEnvironment;
  /** The part without credentials. */
  readonly identifiers: SandboxEnvironment;
  /** Why some or all credentials are missing; null if none are. */
  readonly withoutCredentials: string | null;
}

/** Tokens, guild grants and roles. Every call may throw SANDBOX_008, _009, _010 and _012. */
export interface IdentityControl {
  me(): Promise<Identity>;
  /** No token mints a broader or longer-lived one than itself. @throws SANDBOX_004 for an unknown sandbox */
  createToken(options: CreateTokenOptions): Promise<CreatedToken>;
  /** Newest first. Default: the caller's own; an operator sees all. */
  listTokens(options?: { readonly owner?: string }): Promise<Token[]>;
  /** Revokes every token that it created as well. Again: changes nothing. @throws SANDBOX_004 */
  revokeToken(tokenId: string): Promise<Token>;
  /** Operators only. Again for the same guild and owner: the new `until` counts. */
  grantGuild(options: GrantOptions): Promise<GuildGrant>;
  /** An operator sees all, anybody else their own. */
  listGrants(options?: { readonly owner?: string; readonly guild?: string }): Promise<GuildGrant[]>;
  /** Returns once no router sends the guild's events to a sandbox of the owner. @throws SANDBOX_004 */
  revokeGrant(guildId: string, owner: string): Promise<GuildGrant>;
  /** Operators only; counts for every token of the owner at its next use. */
  setOwnerRole(owner: string, role: string): Promise<OwnerRole>;
}

/**
 * A sandbox's id or name is accepted. Every call may throw SANDBOX_008, _009, _010, and _004 for an
 * unknown name.
 */
export interface SandboxControl {
  /** @throws SANDBOX_001, _002, _003, _005 */
  create(options?: CreateSandboxOptions): Promise<Sandbox>;
  get(idOrName: string): Promise<Sandbox>;
  /** Newest first. Without `all` or a status: only live sandboxes. */
  list(options?: ListOptions): Promise<Sandbox[]>;
  /** Returns once `destroying` is written. A destroyed sandbox stays as it is. */
  destroy(idOrName: string): Promise<DestroyResult>;
  /**
   * The status of the sandbox that `destroy` would destroy. `pending`: also a create without a row
   * yet.
   */
  statusToDestroy(idOrName: string): Promise<SandboxStatus>;
  /** Resolves with the last state when the sandbox's workflow has ended. */
  waitUntilDestroyed(sandboxId: SandboxId): Promise<Sandbox>;
  /**
   * Returns once every live router sends the guild's events to the sandbox. @throws SANDBOX_003,
   * _007
   */
  registerGuild(idOrName: string, guildId: string): Promise<Sandbox>;
  /**
   * After its return no further event of the guild is stored for the sandbox. @throws SANDBOX_007
   */
  unregisterGuild(guildId: string): Promise<Sandbox>;
  /** Adds to the current expiry. @throws SANDBOX_007; _008 past the maximum, unless it clamps */
  extend(
    idOrName: string,
    duration: string,
    options?: ExtendOptions,
  ): Promise<ExtendResult & { readonly sandbox: Sandbox }>;
  /**
   * Empties schema and keys and rotates the credentials; id, expiry and guilds stay. The bot's
   * sessions are cut; `connection` has its new credentials.
   * @throws SANDBOX_007
   */
  reset(idOrName: string): Promise<Sandbox>;
  /** Asks every server. Works while any server but Postgres is down. */
  status(idOrName: string): Promise<SandboxHealth>;
  /** Its audit entries, oldest first. */
  audit(idOrName: string): Promise<AuditEntry[]>;
  /**
   * The sandbox's events; its bot still gets all of them. @throws SANDBOX_007 if the sandbox is
   * destroyed and the call would wait for more
   */
  events(idOrName: string, options: EventsOptions): AsyncGenerator<SandboxEvent>;
  /** The stored events, newest first. */
  storedEvents(idOrName: string, options: ReadingOptions): AsyncGenerator<SandboxEvent>;
  /**
   * Publishes events for this sandbox alone; their guild does not matter. Returns their sequences
   * in RAW.
   * @throws SANDBOX_007 unless the sandbox runs
   */
  emit(idOrName: string, events: Iterable<EventToEmit>): Promise<number[]>;
  /** @throws SANDBOX_007 unless the sandbox runs */
  connection(idOrName: string): Promise<Connection>;
  /** Runs the scheduled sweep now; `dryRun` only reports. */
  sweep(input: SweepInput): Promise<SweepReport>;
}

/** Templates of sandboxes' schemas. Every call may throw SANDBOX_008, _009, _010 and _012. */
export interface TemplateControl {
  /**
   * New sandboxes get the new version; others keep theirs. A schema needs an operator.
   * @throws SANDBOX_004 for an unknown schema; SANDBOX_008 names what cannot be carried
   */
  addTemplate(options: AddTemplateOptions): Promise<Template>;
  /** Reads its schema again. @throws SANDBOX_004; SANDBOX_007 for a template of files */
  refreshTemplate(name: string): Promise<Template>;
  listTemplates(): Promise<Template[]>;
  /** With its statements. @throws SANDBOX_004 */
  getTemplate(name: string): Promise<TemplateText>;
  /** Sandboxes that have it keep it. @throws SANDBOX_004 */
  removeTemplate(name: string): Promise<Template>;
}

/** The whole of it: what the CLI speaks to, directly or over HTTP. */
export interface Control extends SandboxControl, IdentityControl, TemplateControl, AsyncDisposable {
  close(): Promise<void>;
}

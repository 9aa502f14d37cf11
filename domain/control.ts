/** The use cases of one caller, independent of the way to the servers. */
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

export interface CreateSandboxOptions {
  /** Default: `sandbox-{owner}-{6 random}`. */
  readonly name?: string;
  /** Default: the caller. Another owner's needs an operator. */
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

export interface ExtendOptions {
  /** Cut to the maximum instead of refusing. Default false. */
  readonly clamp?: boolean;
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

/** Sandboxes are named by id or name. Every call may throw SANDBOX_008, _009, _010 and, for a name, _004. */
export interface SandboxControl {
  /** @throws SANDBOX_001, _002, _003, _005 */
  create(options?: CreateSandboxOptions): Promise<Sandbox>;
  get(idOrName: string): Promise<Sandbox>;
  /** Newest first. Without `all` or a status: the live ones. */
  list(options?: ListOptions): Promise<Sandbox[]>;
  /** Returns once `destroying` is written. Destroyed already: says so, changes nothing. */
  destroy(idOrName: string): Promise<DestroyResult>;
  /** Of what `destroy` would take. `pending`: also a create that has no row yet. */
  statusToDestroy(idOrName: string): Promise<SandboxStatus>;
  /** Resolves when the sandbox's workflow has ended, with its last state. */
  waitUntilDestroyed(sandboxId: SandboxId): Promise<Sandbox>;
  /** Returns once every live router sends the guild's events to the sandbox. @throws SANDBOX_003, _007 */
  registerGuild(idOrName: string, guildId: string): Promise<Sandbox>;
  /** After it returns no further event of the guild is stored for the sandbox. @throws SANDBOX_007 */
  unregisterGuild(guildId: string): Promise<Sandbox>;
  /** Adds to the current expiry. @throws SANDBOX_007; _008 past the maximum, unless it clamps */
  extend(
    idOrName: string,
    duration: string,
    options?: ExtendOptions,
  ): Promise<ExtendResult & { readonly sandbox: Sandbox }>;
  /**
   * Empties schema and keys and rotates the credentials; id, expiry and guilds stay. Sessions of the bot are cut: it takes
   * its new credentials from `connection`.
   * @throws SANDBOX_007
   */
  reset(idOrName: string): Promise<Sandbox>;
  /** Asks every server; answers with any of them down but Postgres. */
  status(idOrName: string): Promise<SandboxHealth>;
  /** What has happened to it, oldest first. */
  audit(idOrName: string): Promise<AuditEntry[]>;
  /** Its events, read beside its bot, which still gets them all. @throws SANDBOX_007 where it is destroyed and more is waited for */
  events(idOrName: string, options: EventsOptions): AsyncGenerator<SandboxEvent>;
  /** What is stored of its events, newest first. */
  storedEvents(idOrName: string, options: ReadingOptions): AsyncGenerator<SandboxEvent>;
  /**
   * Publishes events for this sandbox alone; their guild does not matter. Returns their sequences in RAW.
   * @throws SANDBOX_007 unless it runs
   */
  emit(idOrName: string, events: Iterable<EventToEmit>): Promise<number[]>;
  /** @throws SANDBOX_007 unless it runs */
  connection(idOrName: string): Promise<Connection>;
  /** Repairs and removes now what the schedule would later; `dryRun` only reports. */
  sweep(input: SweepInput): Promise<SweepReport>;
}

/** The whole of it: what the CLI speaks to, directly or over HTTP. */
export interface Control extends SandboxControl, IdentityControl, AsyncDisposable {
  close(): Promise<void>;
}

/**
 * The state and decisions of a sandbox's workflow: a plain class without Temporal. Times in epoch
 * ms.
 */
import { TEMPORAL_ACTOR, WORKFLOW_ACTOR, type Actor } from '../domain/actor.js';
import { checkCommand, type Command, type CommandArgs } from '../domain/command.js';
import type { EndReason, EndRequest } from '../domain/ending.js';
import { checkExtended, doubtOf, shownTime } from '../domain/expiry.js';
import type { GuildId } from '../domain/guild.js';
import type { CarriedState, SandboxStart } from '../domain/hand-over.js';
import type { Owner, SandboxId, SandboxName } from '../domain/names.js';
import type {
  ClaimedSandbox,
  EnsureInput,
  ExtendResult,
  SandboxView,
  WorkflowFailure,
} from '../domain/sandbox.js';
import type { SandboxStatus } from '../domain/status.js';
import { BUILT_IN_TEMPLATE, type TemplateName } from '../domain/template.js';

export interface Ending extends EndRequest {
  /** As the request says. The activity that writes the audit verifies it. */
  readonly actor: Actor;
}

/** The sandbox's next step, if nothing changes. */
export type Next =
  | { readonly kind: 'end' }
  /** The expiry is not plausible: only a change ends the wait. */
  | { readonly kind: 'wait'; readonly doubt: string }
  | { readonly kind: 'sleep'; readonly millis: number; readonly summary: string };

export class SandboxMachine {
  readonly sandboxId: SandboxId;
  readonly name: SandboxName;
  readonly owner: Owner;
  status: SandboxStatus = 'pending';
  createdAt = 0;
  expiresAt = 0;
  guildIds: readonly GuildId[];
  /** With its version null until the claim is written. */
  template: TemplateName | null = null;
  templateVersion: number | null = null;
  /** Of the sandbox, in order of creation. */
  resources: readonly string[] = [];
  resetting = false;
  ending: Ending | null = null;
  /** Arrived while `ending` was being confirmed, which may fail. */
  private joined: Ending | null = null;
  failure: WorkflowFailure | null = null;
  /** The current step of a clean-up or a change, or the failure that it retries. */
  activity: string | null = null;

  /** @param command the create, as it was signed */
  constructor(
    readonly command: Command<'create'>,
    start: SandboxStart,
  ) {
    const { name, owner, guildIds }: CommandArgs['create'] = command.args;
    this.sandboxId = command.sandboxId;
    this.name = name;
    this.owner = owner;
    this.guildIds = [...guildIds];
    if (start.kind === 'create') return;
    Object.assign(this, start.state satisfies CarriedState);
    if (start.kind === 'cleanUp') this.endBySignal(start.destroy);
  }

  carry(): CarriedState {
    const { status, createdAt, expiresAt, guildIds, resources, resetting } = this;
    const { template, templateVersion } = this;
    return {
      ...{ status, createdAt, expiresAt, guildIds, resources, resetting },
      template: template ?? BUILT_IN_TEMPLATE,
      templateVersion: templateVersion ?? 1,
    };
  }

  claimed({ createdAt, expiresAt, resources, template, templateVersion }: ClaimedSandbox): void {
    this.resources = resources;
    this.template = template;
    this.templateVersion = templateVersion;
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
    this.status = 'creating';
  }

  /**
   * An extension never shortens a life, even if an earlier one is answered again.
   * @throws SANDBOX_011 for an outcome that is not ahead: the expiry stays as it was
   */
  extended({ expiresAt }: ExtendResult, now: number): void {
    checkExtended(expiresAt, now);
    const known = this.doubt(now) === null ? this.expiresAt : expiresAt;
    this.expiresAt = Math.max(known, expiresAt);
  }

  /** Why the expiry is not plausible, so the sandbox lives on; null if it is. */
  doubt(now: number): string | null {
    const { createdAt, expiresAt } = this;
    return doubtOf({ createdAt, expiresAt, now });
  }

  addGuild(guildId: GuildId): void {
    if (!this.guildIds.includes(guildId)) this.guildIds = [...this.guildIds, guildId].sort();
  }

  removeGuild(guildId: GuildId): void {
    this.guildIds = this.guildIds.filter((known) => known !== guildId);
  }

  /** The first reason to end counts; later ones join it. */
  end(actor: Actor, reason: EndReason, command?: Command<'destroy'>): void {
    const ending = { actor, reason, ...(command === undefined ? {} : { command }) };
    if (this.ending === null) this.ending = ending;
    else this.joined ??= ending;
  }

  destroy(command: Command<'destroy'>): void {
    this.end(command.actor, 'destroyed', command);
  }

  endRequest(): EndRequest {
    const { reason = 'destroyed', command } = this.ending ?? {};
    return command === undefined ? { reason } : { reason, command };
  }

  /** The sandbox has not expired after all: only another request to end it counts. */
  liveOn(): void {
    this.ending = this.joined;
    this.joined = null;
  }

  /**
   * A signal names its actor, or comes directly through Temporal. It ends the sandbox in both
   * cases.
   */
  endBySignal(command: unknown): void {
    try {
      checkCommand(command, 'destroy', this.sandboxId);
    } catch {
      this.end(TEMPORAL_ACTOR, 'destroyed');
      return;
    }
    this.destroy(command as Command<'destroy'>);
  }

  failToCreate(failure: WorkflowFailure): void {
    this.failure = failure;
    this.end(WORKFLOW_ACTOR, 'create failed');
  }

  /** A method, because its result changes while a workflow awaits. */
  isEnding(): boolean {
    return this.ending !== null;
  }

  /** Nothing was made: the claim was refused for good. The refusal is the run's result. */
  isRefused(): boolean {
    return this.failure?.step === 'claim' && REFUSALS.includes(this.failure.code);
  }

  /** Null if changes are accepted. */
  refusal(): WorkflowFailure | null {
    if (this.status === 'running' && !this.isEnding()) return null;
    const state = this.isEnding() ? 'being destroyed' : this.status;
    return {
      step: 'update',
      code: 'SANDBOX_007',
      message: `sandbox ${this.sandboxId} is ${state}, not running`,
      hint: '`bd sandbox status` shows the state.',
    };
  }

  next(now: number): Next {
    const doubt = this.doubt(now);
    const millis = this.expiresAt - now;
    if (this.isEnding() || (doubt === null && millis <= 0)) return { kind: 'end' };
    if (doubt !== null) return { kind: 'wait', doubt };
    return { kind: 'sleep', millis, summary: `expires ${shownTime(this.expiresAt)}` };
  }

  /** For the resources: the sandbox as it should be now. */
  target(fresh: boolean): EnsureInput {
    return { sandboxId: this.sandboxId, fresh };
  }

  view(): SandboxView {
    const { sandboxId, name, owner, status, guildIds, activity, failure } = this;
    const createdAt = this.createdAt === 0 ? null : this.createdAt;
    const expiresAt = this.expiresAt === 0 ? null : this.expiresAt;
    const { template, templateVersion } = this;
    return {
      ...{ sandboxId, name, owner, status, guildIds, template, templateVersion },
      ...{ createdAt, expiresAt, activity, failure },
    };
  }

  /** Markdown for the Temporal Web UI's current details. */
  details(now: number): string {
    const { name, owner, ending, activity, failure } = this;
    const expiry = this.expiresAt === 0 ? 'not yet claimed' : shownTime(this.expiresAt);
    const doubt = this.refusal() === null ? this.doubt(now) : null;
    const lines = [
      // A refused create never made a sandbox: another one of that name may be alive.
      `**${name}** is **${failure !== null && this.expiresAt === 0 ? 'not created' : this.status}**`,
      `- owner: ${owner}`,
      `- expires: ${expiry}`,
      ...(this.template === null
        ? []
        : [`- template: ${this.template}, version ${String(this.templateVersion)}`]),
      `- guilds: ${this.guildIds.length === 0 ? 'none' : this.guildIds.join(', ')}`,
    ];
    if (ending !== null) lines.push(`- ending: ${ending.reason}, by ${ending.actor.name}`);
    if (doubt !== null)
      lines.push(`- now: ${doubt}, so it lives on: extend it by the time it needs, or destroy it`);
    if (activity !== null) lines.push(`- now: ${activity}`);
    if (failure !== null)
      lines.push(`- failed at ${failure.step}: ${failure.code} ${failure.message}`);
    return lines.join('\n');
  }
}

/** A claim with one of these failures has written nothing. */
const REFUSALS: readonly string[] = [
  'SANDBOX_001',
  'SANDBOX_002',
  'SANDBOX_003',
  'SANDBOX_004',
  'SANDBOX_008',
  'SANDBOX_010',
];

/** What a sandbox's workflow knows: a plain class, testable without Temporal. Times in epoch ms. */
import { doubtOf, shownTime } from '../domain/expiry.js';
import type { GuildId } from '../domain/guild.js';
import type { CreateSandboxInput, ExtendResult, WorkflowFailure } from '../domain/sandbox.js';
import type { SandboxStatus } from '../domain/status.js';

/** Extensions whose outcome is remembered across runs: an update may be applied again after continue-as-new. */
const REMEMBERED_EXTENSIONS = 50;

export interface Ending {
  readonly actor: string;
  readonly reason: 'destroyed' | 'expired' | 'cancelled' | 'create failed';
}

/** What one run hands to the next. */
export interface CarriedState {
  readonly status: SandboxStatus;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly guildIds: readonly GuildId[];
  /** Raised by every reset. */
  readonly rotation: number;
  readonly extensions: readonly (readonly [string, ExtendResult])[];
  /** A reset may have been left in its middle: the servers may know another rotation. */
  readonly resetting?: boolean;
}

/** What queries show; no secrets. */
export interface SandboxView {
  readonly sandboxId: string;
  readonly name: string;
  readonly owner: string;
  readonly status: SandboxStatus;
  readonly guildIds: readonly GuildId[];
  readonly expiresAt: number | null;
  /** What a clean-up or a change of guilds is doing or waits for. */
  readonly activity: string | null;
  readonly failure: WorkflowFailure | null;
}

export class SandboxState {
  status: SandboxStatus = 'pending';
  createdAt = 0;
  expiresAt = 0;
  guildIds: GuildId[];
  rotation = 0;
  resetting = false;
  ending: Ending | null = null;
  /** Came while `ending` was being confirmed, which may turn out wrong. */
  private joined: Ending | null = null;
  failure: WorkflowFailure | null = null;
  /** The step that a clean-up or a change of guilds is at, or the failure that it retries. */
  activity: string | null = null;
  private readonly extensions = new Map<string, ExtendResult>();

  constructor(readonly input: CreateSandboxInput) {
    this.guildIds = [...input.guildIds];
  }

  restore(carried: CarriedState): void {
    this.status = carried.status;
    this.createdAt = carried.createdAt;
    this.expiresAt = carried.expiresAt;
    this.guildIds = [...carried.guildIds];
    this.rotation = carried.rotation;
    this.resetting = carried.resetting ?? false;
    for (const [updateId, outcome] of carried.extensions) this.extensions.set(updateId, outcome);
  }

  carry(): CarriedState {
    const { status, createdAt, expiresAt, guildIds, rotation, resetting } = this;
    const extensions = [...this.extensions].slice(-REMEMBERED_EXTENSIONS);
    const known = { status, createdAt, expiresAt, guildIds, rotation, extensions };
    return resetting ? { ...known, resetting } : known;
  }

  extended(updateId: string): ExtendResult | undefined {
    return this.extensions.get(updateId);
  }

  applyExtension(updateId: string, outcome: ExtendResult): void {
    this.extensions.set(updateId, outcome);
    this.expiresAt = outcome.expiresAt;
  }

  addGuild(guildId: GuildId): void {
    if (!this.guildIds.includes(guildId)) this.guildIds = [...this.guildIds, guildId].sort();
  }

  removeGuild(guildId: GuildId): void {
    this.guildIds = this.guildIds.filter((known) => known !== guildId);
  }

  /** A method, since what it asks changes while a workflow awaits. */
  isEnding(): boolean {
    return this.ending !== null;
  }

  /** The first reason to end counts; later ones join it. */
  end(ending: Ending): void {
    if (this.ending === null) this.ending = ending;
    else this.joined ??= ending;
  }

  /** It has not expired after all: only what else has asked for its end counts. */
  liveOn(): void {
    this.ending = this.joined;
    this.joined = null;
  }

  /** Why its expiry is not believed, so that it lives on; null where it is. */
  doubt(now: number): string | null {
    return doubtOf({ createdAt: this.createdAt, expiresAt: this.expiresAt, now });
  }

  view(): SandboxView {
    const { sandboxId, name, owner } = this.input;
    const { status, guildIds, activity, failure } = this;
    const expiresAt = this.expiresAt === 0 ? null : this.expiresAt;
    return { sandboxId, name, owner, status, guildIds, expiresAt, activity, failure };
  }

  /** Markdown for the Temporal Web UI's current details. */
  details(now = Date.now()): string {
    const { name, owner } = this.input;
    const expiry = this.expiresAt === 0 ? 'not yet claimed' : shownTime(this.expiresAt);
    const doubt = this.status === 'running' && this.ending === null ? this.doubt(now) : null;
    const lines = [
      // A refused create never was one: another sandbox of that name may be alive.
      `**${name}** is **${this.failure !== null && this.expiresAt === 0 ? 'not created' : this.status}**`,
      `- owner: ${owner}`,
      `- expires: ${expiry}`,
      `- guilds: ${this.guildIds.length === 0 ? 'none' : this.guildIds.join(', ')}`,
    ];
    if (this.ending !== null)
      lines.push(`- ending: ${this.ending.reason}, by ${this.ending.actor}`);
    if (doubt !== null)
      lines.push(`- now: ${doubt}, so it lives on: extend it by the time it needs, or destroy it`);
    if (this.activity !== null) lines.push(`- now: ${this.activity}`);
    if (this.failure !== null) {
      lines.push(`- failed at ${this.failure.step}: ${this.failure.code} ${this.failure.message}`);
    }
    return lines.join('\n');
  }
}

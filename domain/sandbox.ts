/** A sandbox in its public form, and the messages of its workflow. */
import type { ErrorJson } from './errors.js';
import type { GuildId } from './guild.js';
import {
  natsPrefix,
  redisPrefix,
  schemaName,
  workflowId,
  type Owner,
  type SandboxId,
  type SandboxName,
} from './names.js';
import type { Lack } from './permissions.js';
import type { SandboxStatus } from './status.js';
import type { TemplateName } from './template.js';

/** The public JSON of a sandbox; times in ISO 8601. */
export interface Sandbox {
  readonly id: SandboxId;
  readonly name: SandboxName;
  readonly owner: Owner;
  readonly status: SandboxStatus;
  readonly schema: string;
  readonly template: TemplateName;
  /** Null until the claim is written. */
  readonly templateVersion: number | null;
  readonly redisPrefix: string;
  readonly natsPrefix: string;
  readonly guildIds: readonly GuildId[];
  readonly workflowId: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly destroyedAt: string | null;
}

export interface SandboxFacts {
  readonly sandboxId: SandboxId;
  readonly name: SandboxName;
  readonly owner: Owner;
  readonly status: SandboxStatus;
  readonly guildIds: readonly GuildId[];
  readonly template: TemplateName;
  readonly templateVersion: number | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly destroyedAt: Date | null;
}

export function describeSandbox(facts: SandboxFacts): Sandbox {
  const { sandboxId, name, owner, status, guildIds, createdAt, expiresAt, destroyedAt } = facts;
  const { template, templateVersion } = facts;
  return {
    id: sandboxId,
    name,
    owner,
    status,
    schema: schemaName(sandboxId),
    template,
    templateVersion,
    redisPrefix: redisPrefix(sandboxId),
    natsPrefix: natsPrefix(sandboxId),
    guildIds,
    workflowId: workflowId(sandboxId),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    destroyedAt: destroyedAt?.toISOString() ?? null,
  };
}

/** Times in epoch ms. */
export interface ClaimedTimes {
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What a claim has written. */
export interface Claimed extends ClaimedTimes {
  readonly template: TemplateName;
  readonly templateVersion: number;
  readonly templateStatements: number;
}

/** A claim's answer. */
export interface ClaimedSandbox extends Claimed {
  /** The resources that this worker makes, in order of creation. */
  readonly resources: readonly string[];
  /** Those that may take long to make. Absent in the answers of earlier workers. */
  readonly slow?: readonly string[];
}

/** The sandbox of a resource, as input of an activity; `createdAt` in epoch ms. */
export interface EnsureInput {
  readonly sandboxId: SandboxId;
  /** Whether it is a create. */
  readonly fresh: boolean;
}

export interface ExtendResult {
  readonly expiresAt: number;
  /** The extension was cut to the maximum, as the caller allowed. */
  readonly clamped: boolean;
}

/** `lacks`: of a refusal, what the actor lacks. */
export type WorkflowFailure = ErrorJson & { readonly step: string; readonly lacks?: Lack };

/** A sandbox in its workflow's answers to queries and updates. No secrets; times in epoch ms. */
export interface SandboxView {
  readonly sandboxId: SandboxId;
  readonly name: SandboxName;
  readonly owner: Owner;
  readonly status: SandboxStatus;
  readonly guildIds: readonly GuildId[];
  /** Null until the claim is written, as the following ones. */
  readonly template: TemplateName | null;
  readonly templateVersion: number | null;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
  /** The current step of a clean-up or a change, or the reason why it waits. */
  readonly activity: string | null;
  readonly failure: WorkflowFailure | null;
}

export const SANDBOX_WORKFLOW = 'sandboxWorkflow';

export const UPDATES = {
  ready: 'ready',
  registerGuild: 'registerGuild',
  unregisterGuild: 'unregisterGuild',
  extend: 'extend',
  reset: 'reset',
  destroy: 'destroy',
} as const;

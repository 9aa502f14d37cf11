/**
 * The input of a run of a sandbox's workflow: from `control/`, from its earlier run, or from the
 * sweep.
 */
import type { Command } from './command.js';
import type { GuildId } from './guild.js';
import type { SandboxView } from './sandbox.js';
import type { SandboxStatus } from './status.js';
import type { TemplateName } from './template.js';

/** State that one run hands to the next. Times in epoch ms. */
export interface CarriedState {
  readonly status: SandboxStatus;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly guildIds: readonly GuildId[];
  readonly template: TemplateName;
  readonly templateVersion: number;
  /** The sandbox's resources, in order of creation. */
  readonly resources: readonly string[];
  /** A reset may have stopped half-way: the servers may have another rotation. */
  readonly resetting: boolean;
}

/** How a run begins. */
export type SandboxStart =
  | { readonly kind: 'create' }
  | { readonly kind: 'resume'; readonly state: CarriedState }
  | {
      readonly kind: 'cleanUp';
      readonly state: CarriedState;
      /** Signed by the sweep: who starts a run by hand destroys as Temporal. */
      readonly destroy: Command<'destroy'>;
    };

/** The signature of a sandbox's workflow, for everything that starts a run of it (workflows/sandbox.ts). */
export type SandboxWorkflow = (
  command: Command<'create'>,
  start?: SandboxStart,
) => Promise<SandboxView>;

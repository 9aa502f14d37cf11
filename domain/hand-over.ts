/** What a run of a sandbox's workflow begins with: from `control/`, from its own earlier run, or from the sweep. */
import type { Command } from './command.js';
import type { GuildId } from './guild.js';
import type { SandboxStatus } from './status.js';

/** What one run hands to the next. Times in epoch ms. */
export interface CarriedState {
  readonly status: SandboxStatus;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly guildIds: readonly GuildId[];
  /** The sandbox's resources, in order of creation. */
  readonly resources: readonly string[];
  /** A reset may have been left in its middle: the servers may know another rotation. */
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

/** The messages of a sandbox's workflow. Updates, not signals, for what a caller waits on; `destroy` is both, for the Web UI. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { GuildId } from '../domain/guild.js';
import { UPDATES, type ExtendResult } from '../domain/sandbox.js';
import type { SandboxView } from './sandbox-state.js';

/** Waits until the sandbox runs, or fails with the create's own error. */
export const readyUpdate = defineUpdate<SandboxView>(UPDATES.ready);
export const registerGuildUpdate = defineUpdate<SandboxView, [GuildId, string]>(
  UPDATES.registerGuild,
);
export const unregisterGuildUpdate = defineUpdate<SandboxView, [GuildId, string]>(
  UPDATES.unregisterGuild,
);
export const extendUpdate = defineUpdate<ExtendResult, [number, string]>(UPDATES.extend);
/** Empties schema and keys and rotates the credentials; id, expiry and routes stay. */
export const resetUpdate = defineUpdate<SandboxView, [string]>(UPDATES.reset);
/** Returns once `destroying` is written. */
export const destroyUpdate = defineUpdate<SandboxView, [string]>(UPDATES.destroy);

export const destroySignal = defineSignal('destroy');
export const viewQuery = defineQuery<SandboxView>('view');

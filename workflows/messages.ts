/**
 * The messages of a sandbox's workflow. Updates, not signals, if the caller waits for an answer.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Command } from '../domain/command.js';
import { UPDATES, type ExtendResult, type SandboxView } from '../domain/sandbox.js';

/** An extension's answer: the sandbox and the extension's outcome. */
export type ExtendedView = SandboxView & { readonly extension: ExtendResult };

/** Waits until the sandbox runs, or fails with the create's own error. */
export const readyUpdate = defineUpdate<SandboxView>(UPDATES.ready);
export const registerGuildUpdate = defineUpdate<SandboxView, [Command<'registerGuild'>]>(
  UPDATES.registerGuild,
);
export const unregisterGuildUpdate = defineUpdate<SandboxView, [Command<'unregisterGuild'>]>(
  UPDATES.unregisterGuild,
);
export const extendUpdate = defineUpdate<ExtendedView, [Command<'extend'>]>(UPDATES.extend);
/** Empties schema and keys and rotates the credentials; id, expiry and routes stay. */
export const resetUpdate = defineUpdate<SandboxView, [Command<'reset'>]>(UPDATES.reset);
/** Returns once `destroying` is written. */
export const destroyUpdate = defineUpdate<SandboxView, [Command<'destroy'>]>(UPDATES.destroy);

/**
 * The same end without an answer, for the Temporal Web UI, and for a run without room for another
 * update.
 */
export const destroySignal = defineSignal<[Command<'destroy'>?]>('destroy');
export const viewQuery = defineQuery<SandboxView>('view');

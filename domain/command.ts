/**
 * One change of one sandbox, on its way from `control/` through the workflow to the activity that
 * commits it.
 */
import { parseActor, type Actor } from './actor.js';
import { invalid } from './errors.js';
import type { GuildId } from './guild.js';
import type { Owner, SandboxId, SandboxName } from './names.js';

/** The arguments of each action. */
export interface CommandArgs {
  /** A null TTL means the worker's default. The worker checks the bounds. */
  readonly create: {
    readonly name: SandboxName;
    readonly owner: Owner;
    readonly ttlMs: number | null;
    readonly guildIds: readonly GuildId[];
  };
  readonly registerGuild: { readonly guildId: GuildId };
  readonly unregisterGuild: { readonly guildId: GuildId };
  /** `clamp`: cut to the maximum instead of failing. */
  readonly extend: { readonly byMs: number; readonly clamp: boolean };
  readonly reset: Readonly<Record<string, never>>;
  readonly destroy: Readonly<Record<string, never>>;
}

export type CommandAction = keyof CommandArgs;

export interface Command<A extends CommandAction = CommandAction> {
  /** The id of the Temporal update. The change commits once per id. */
  readonly commandId: string;
  readonly action: A;
  readonly sandboxId: SandboxId;
  readonly actor: Actor;
  readonly args: CommandArgs[A];
}

/**
 * Updates may come directly through the Temporal CLI. Their shape is checked before they enter a
 * history. @throws SANDBOX_008
 */
export function checkCommand<A extends CommandAction>(
  command: unknown,
  action: A,
  sandboxId: SandboxId | null,
): CommandArgs[A] {
  const given: Partial<Record<keyof Command, unknown>> =
    typeof command === 'object' && command !== null ? command : {};
  const fits =
    typeof given.commandId === 'string' &&
    given.commandId !== '' &&
    given.action === action &&
    sandboxId !== null &&
    given.sandboxId === sandboxId &&
    typeof given.args === 'object' &&
    given.args !== null;
  if (!fits) throw invalid('command', command, `it is a ${action} of this sandbox`);
  parseActor(given.actor);
  return given.args as CommandArgs[A];
}

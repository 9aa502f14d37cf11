/**
 * One change of one sandbox, on its way from `control/` through the workflow to the activity that
 * commits it.
 */
import { parseActor, type Actor } from './actor.js';
import { invalid } from './errors.js';
import type { GuildId } from './guild.js';
import type { Owner, SandboxId, SandboxName } from './names.js';
import type { TemplateName } from './template.js';

/** The arguments of each action. */
export interface CommandArgs {
  /** A null TTL means the worker's default. The worker checks the bounds. */
  readonly create: {
    readonly name: SandboxName;
    readonly owner: Owner;
    readonly ttlMs: number | null;
    readonly guildIds: readonly GuildId[];
    /** Absent: the worker's default. */
    readonly template?: TemplateName;
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
  /** By `control/` (platform/signature.ts); absent for a command that came past it. */
  readonly signature?: Signature;
}

export interface Signature {
  /** Epoch ms. */
  readonly expiresAt: number;
  /** HMAC-SHA-256 of `canonicalText`, in base64url. */
  readonly mac: string;
}

export type SignedCommand<C extends Command = Command> = C & { readonly signature: Signature };

/** A command that its actor has signed (platform/signature.ts): the store commits no other. */
export interface VerifiedCommand<A extends CommandAction = CommandAction> {
  readonly command: Command<A>;
  /** True: it commits nothing new. What it has committed before may be completed. */
  readonly isExpired: boolean;
}

/** What a signature covers: everything but itself, in one spelling whatever the order of the fields. */
export function canonicalText(command: Command, expiresAt: number): string {
  const { commandId, action, sandboxId, actor, args } = command;
  return stableJson({ commandId, action, sandboxId, actor, args, expiresAt });
}

/** Something other than a command that `control/` asks a worker for, and that needs a permission. */
export interface SignedInput<T> {
  readonly input: T;
  readonly signature: Signature;
}

/** What the signature of an input covers. @param purpose keeps it from being used as another's */
export const canonicalInput = (purpose: string, input: unknown, expiresAt: number): string =>
  stableJson({ purpose, input, expiresAt });

/** JSON with sorted keys; an absent field and an undefined one are alike. */
function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${stableJson(field)}`);
  return `{${fields.join(',')}}`;
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

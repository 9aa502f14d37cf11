/** Commands that `control/` sends to a sandbox's workflow. */
import { customAlphabet, nanoid } from 'nanoid';
import type { Actor } from '../domain/actor.js';
import type { Command, CommandAction, CommandArgs } from '../domain/command.js';
import { ID_ALPHABET, type SandboxId } from '../domain/names.js';

/** Characters of `ID_ALPHABET`. */
export const random = (length: number): string => customAlphabet(ID_ALPHABET, length)();

/** @param commandId for a change that may be retried; default: a new one */
export function commandOf<A extends CommandAction>(
  actor: Actor,
  action: A,
  sandboxId: SandboxId,
  args: CommandArgs[A],
  commandId: string = nanoid(),
): Command<A> {
  return { commandId, action, sandboxId, actor, args };
}

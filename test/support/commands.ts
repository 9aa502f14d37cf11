/** Commands as `control/` makes them, for tests that bypass it. */
import { directActor, type Actor } from '../../domain/actor.js';
import type { Command, CommandAction, CommandArgs } from '../../domain/command.js';
import type { SandboxId } from '../../domain/names.js';

export const TESTER: Actor = directActor('tester');

let made = 0;

/** Each call makes a new command, unless `commandId` is given. */
export function commandOf<A extends CommandAction>(
  action: A,
  sandboxId: SandboxId,
  args: CommandArgs[A],
  commandId = `test-${process.pid}-${(made += 1)}`,
): Command<A> {
  return { commandId, action, sandboxId, actor: TESTER, args };
}

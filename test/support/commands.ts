/** Commands as `control/` makes them, for tests that go past it. */
import { directActor, type Actor } from '../../domain/actor.js';
import type { Command, CommandAction, CommandArgs } from '../../domain/command.js';
import type { SandboxId } from '../../domain/names.js';

export const TESTER: Actor = directActor('tester');

let made = 0;

/** A command of its own for each call, unless `commandId` says which. */
export function commandOf<A extends CommandAction>(
  action: A,
  sandboxId: SandboxId,
  args: CommandArgs[A],
  commandId = `test-${process.pid}-${(made += 1)}`,
): Command<A> {
  return { commandId, action, sandboxId, actor: TESTER, args };
}

/** Commands as `control/` makes them, for tests that bypass it. */
import { directActor, type Actor } from '../../domain/actor.js';
import type {
  Command,
  CommandAction,
  CommandArgs,
  SignedCommand,
  VerifiedCommand,
} from '../../domain/command.js';
import type { SandboxId } from '../../domain/names.js';
import { signCommand, verifyCommand } from '../../platform/signature.js';
import { readSubkey } from '../../platform/subkeys.js';
import { stackConfig } from './stack.js';

/** The key that the stack's worker verifies commands with. */
export const actorKey = (): string => readSubkey(stackConfig(), 'actors') ?? '';

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

/** As `control/` sends it, for updates that a test sends itself. */
export const signed = <C extends Command>(command: C): SignedCommand<C> =>
  signCommand(actorKey(), command, Date.now());

/** As an activity passes it to the store. */
export const verified = <A extends CommandAction>(command: Command<A>): VerifiedCommand<A> =>
  verifyCommand(actorKey(), signed(command), command.action, Date.now());

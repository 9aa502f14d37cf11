/** The answers of a sandbox's workflow to its messages. */
import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { checkCommand, type CommandAction } from '../domain/command.js';
import { invalid } from '../domain/errors.js';
import { parseGuildId } from '../domain/guild.js';
import type { SandboxView } from '../domain/sandbox.js';
import { refusing, toApplicationFailure } from './failures.js';
import {
  destroySignal,
  destroyUpdate,
  extendUpdate,
  readyUpdate,
  registerGuildUpdate,
  resetUpdate,
  unregisterGuildUpdate,
  viewQuery,
} from './messages.js';
import type { SandboxChanges } from './sandbox-changes.js';
import type { SandboxMachine } from './sandbox-machine.js';

/** Longer than any real extension; a sum with it stays a valid date. */
const LONGEST_EXTENSION_MS = 10 * 366 * 86_400_000;

export function answerMessages(sandbox: SandboxMachine, changes: SandboxChanges): void {
  const validate = <A extends CommandAction>(action: A, command: unknown) =>
    checkCommand(command, action, sandbox.sandboxId);
  const refuseUnlessRunning = (): void => {
    const refusal = sandbox.refusal();
    if (refusal !== null) throw toApplicationFailure(refusal);
  };

  setHandler(viewQuery, () => sandbox.view());
  setHandler(readyUpdate, () => untilReady(sandbox, refuseUnlessRunning));
  setHandler(
    registerGuildUpdate,
    async (command) => {
      await changes.register(command);
      return sandbox.view();
    },
    {
      validator: (command) => {
        refuseUnlessRunning();
        refusing(() => parseGuildId(validate('registerGuild', command).guildId));
      },
    },
  );
  setHandler(
    unregisterGuildUpdate,
    async (command) => {
      await changes.unregister(command);
      return sandbox.view();
    },
    {
      validator: (command) => {
        refuseUnlessRunning();
        refusing(() => parseGuildId(validate('unregisterGuild', command).guildId));
      },
    },
  );
  setHandler(
    extendUpdate,
    async (command) => {
      const extension = await changes.extend(command);
      return { ...sandbox.view(), extension };
    },
    {
      validator: (command) => {
        refuseUnlessRunning();
        refusing(() => checkExtension(validate('extend', command).byMs));
      },
    },
  );
  setHandler(
    resetUpdate,
    async (command) => {
      await changes.reset(command);
      return sandbox.view();
    },
    {
      validator: (command) => {
        refuseUnlessRunning();
        refusing(() => validate('reset', command));
      },
    },
  );
  answerDestroy(sandbox);
}

function answerDestroy(sandbox: SandboxMachine): void {
  setHandler(destroySignal, (command) => sandbox.endBySignal(command));
  setHandler(
    destroyUpdate,
    async (command) => {
      sandbox.destroy(command);
      // A cancelled workflow destroys too: this caller waits for the same end.
      await CancellationScope.nonCancellable(() =>
        condition(() => sandbox.status === 'destroying' || sandbox.status === 'destroyed'),
      );
      return sandbox.view();
    },
    { validator: (command) => refusing(() => checkCommand(command, 'destroy', sandbox.sandboxId)) },
  );
}

/**
 * Handlers share the root's cancellation: the caller learns of the end, not of the cancellation.
 */
function untilReady(
  sandbox: SandboxMachine,
  refuseUnlessRunning: () => void,
): Promise<SandboxView> {
  return CancellationScope.nonCancellable(async () => {
    await condition(
      () => sandbox.status === 'running' || sandbox.failure !== null || sandbox.isEnding(),
    );
    if (sandbox.failure !== null) {
      // All or nothing: the caller gets a create's failure once nothing is left, or once the
      // clean-up waits. Without a timer: one that fires while a local activity spans two workflow
      // tasks comes after it on replay.
      await condition(() => sandbox.status === 'destroyed' || sandbox.activity !== null);
      throw toApplicationFailure(sandbox.failure);
    }
    refuseUnlessRunning();
    return sandbox.view();
  });
}

/** @throws SANDBOX_008 */
function checkExtension(byMs: unknown): void {
  if (
    typeof byMs === 'number' &&
    Number.isSafeInteger(byMs) &&
    byMs > 0 &&
    byMs <= LONGEST_EXTENSION_MS
  )
    return;
  throw invalid('extension', byMs, 'use a duration such as 1h or 2d');
}

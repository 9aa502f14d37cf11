/**
 * One workflow per sandbox: creates it, sleeps until its expiry while answering updates, and
 * removes it.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { TEMPORAL_ACTOR } from '../domain/actor.js';
import { checkCommand, type Command } from '../domain/command.js';
import type { SandboxStart } from '../domain/hand-over.js';
import { sandboxIdIn } from '../domain/names.js';
import type { SandboxView } from '../domain/sandbox.js';
import { refusing, toApplicationFailure } from './failures.js';
import { SandboxChanges } from './sandbox-changes.js';
import { cleanUp } from './sandbox-cleanup.js';
import { create } from './sandbox-create.js';
import { answerMessages } from './sandbox-handlers.js';
import { SandboxMachine } from './sandbox-machine.js';
import { sleepUntilEnd } from './sandbox-sleep.js';

/** @param command the create; a run that continues takes the rest from `start` */
export async function sandboxWorkflow(
  command: Command<'create'>,
  start: SandboxStart = { kind: 'create' },
): Promise<SandboxView> {
  // A run that is started directly may have any input. Only a create of its own id makes a sandbox.
  refusing(() =>
    checkCommand(command, 'create', sandboxIdIn(workflowInfo().workflowId, 'sandbox-')),
  );
  // Before any handler: an update sent with the start runs as soon as its handler is set
  // (documentation#3133).
  const sandbox = new SandboxMachine(command, start);
  const publish = (): void => show(sandbox);
  const changes = new SandboxChanges(sandbox, publish);
  answerMessages(sandbox, changes);
  // A new sandbox's attributes came with its start.
  if (start.kind === 'create') setCurrentDetails(sandbox.details(Date.now()));
  else publish();
  try {
    if (start.kind === 'create') await create(sandbox, command, publish);
    if (sandbox.resetting) changes.finishReset();
    await sleepUntilEnd(sandbox, changes, command);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    sandbox.end(TEMPORAL_ACTOR, 'cancelled');
  }
  await CancellationScope.nonCancellable(async () => {
    await end(sandbox, publish);
    await condition(allHandlersFinished);
  });
  // A refusal is a result. A failed create is a failure, and red in the Web UI.
  if (sandbox.failure !== null && !sandbox.isRefused()) throw toApplicationFailure(sandbox.failure);
  return sandbox.view();
}

async function end(sandbox: SandboxMachine, publish: () => void): Promise<void> {
  if (sandbox.isRefused()) sandbox.status = 'destroyed';
  else {
    if (sandbox.ending?.reason === 'expired') {
      sandbox.status = 'expired';
      publish();
    }
    await cleanUp(sandbox, publish);
  }
  publish();
}

/** Shows the sandbox's state and activity in the Temporal Web UI. */
function show(sandbox: SandboxMachine): void {
  setCurrentDetails(sandbox.details(Date.now()));
  upsertSearchAttributes({
    SandboxOwner: [sandbox.owner],
    SandboxName: [sandbox.name],
    SandboxStatus: [sandbox.status],
    SandboxGuilds: [...sandbox.guildIds],
    ...(sandbox.doubt(Date.now()) === null
      ? { SandboxExpiresAt: [new Date(sandbox.expiresAt)] }
      : {}),
  });
}

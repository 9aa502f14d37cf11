/** A sandbox: one workflow that creates it, sleeps until its expiry while answering, and removes it whatever happens. */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  currentUpdateInfo,
  ApplicationFailure,
} from '@temporalio/workflow';
import { SandboxError } from '../domain/errors.js';
import { parseGuildId, type GuildId } from '../domain/guild.js';
import type { CreateSandboxInput } from '../domain/sandbox.js';
import { cleanUp } from './sandbox-cleanup.js';
import { claimRefused, create } from './sandbox-create.js';
import { Extensions } from './sandbox-extensions.js';
import { GuildChanges } from './sandbox-guilds.js';
import { finishReset, reset } from './sandbox-reset.js';
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
import { sleepUntilEnd } from './sandbox-sleep.js';
import { SandboxState, type CarriedState, type SandboxView } from './sandbox-state.js';
import { failureOf, toApplicationFailure } from './steps.js';

/** How a run begins: a new sandbox, or one that an earlier run (or a sweep) hands over. */
export type SandboxStart =
  | { readonly kind: 'create' }
  | { readonly kind: 'resume'; readonly state: CarriedState }
  | { readonly kind: 'cleanUp'; readonly state: CarriedState };

export async function sandboxWorkflow(
  input: CreateSandboxInput,
  start: SandboxStart = { kind: 'create' },
): Promise<SandboxView> {
  // Before any handler: an update that came with the start fires as soon as its handler is set (traps.md 4).
  const state = new SandboxState(input);
  if (start.kind !== 'create') state.restore(start.state);
  if (start.kind === 'cleanUp') state.end({ actor: 'sweep', reason: 'destroyed' });
  const { sandboxId } = input;

  const publish = (): void => {
    setCurrentDetails(state.details());
    upsertSearchAttributes({
      SandboxOwner: [input.owner],
      SandboxName: [input.name],
      SandboxStatus: [state.status],
      SandboxGuilds: [...state.guildIds],
      ...(state.doubt(Date.now()) === null
        ? { SandboxExpiresAt: [new Date(state.expiresAt)] }
        : {}),
    });
  };

  const refuseUnlessRunning = (): void => {
    if (state.status !== 'running' || state.isEnding()) {
      throw ApplicationFailure.create({
        type: 'SANDBOX_007',
        message: `sandbox ${sandboxId} is ${!state.isEnding() ? state.status : 'being destroyed'}, not running`,
        nonRetryable: true,
      });
    }
  };

  // One change of this sandbox's routes or expiry at a time, in the order in which they arrived.
  let tail: Promise<unknown> = Promise.resolve();
  const extensions = new Extensions(state, publish);
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const begin = (): Promise<T> => {
      refuseUnlessRunning();
      return work();
    };
    const turn = tail.then(() => extensions.unsettled?.then(begin) ?? begin());
    tail = turn.catch(() => undefined);
    return turn.catch((error: unknown) => {
      throw toApplicationFailure(failureOf(error, 'update'));
    });
  };

  const guilds = new GuildChanges(state, publish, () => {
    inTurn(() => {
      publish();
      return Promise.resolve();
    }).catch(() => undefined);
  });

  const validateGuild = (guildId: GuildId, _actor: string): void => {
    refuseUnlessRunning();
    refuseInvalid(() => parseGuildId(guildId));
  };

  setHandler(viewQuery, () => state.view());
  setHandler(destroySignal, () => {
    state.end({ actor: 'signal', reason: 'destroyed' });
  });
  // Handlers share the root's cancellation: whoever waits here hears of the end, not of the mechanism.
  setHandler(readyUpdate, () =>
    CancellationScope.nonCancellable(async () => {
      await condition(
        () => state.status === 'running' || state.failure !== null || state.isEnding(),
      );
      if (state.failure !== null) {
        await leftOrWaiting(state);
        throw toApplicationFailure(state.failure);
      }
      refuseUnlessRunning();
      return state.view();
    }),
  );
  setHandler(
    registerGuildUpdate,
    (guildId, actor) =>
      inTurn(async () => {
        await guilds.register(guildId, actor);
        return state.view();
      }),
    { validator: validateGuild },
  );
  setHandler(
    unregisterGuildUpdate,
    (guildId, actor) =>
      inTurn(async () => {
        await guilds.unregister(guildId, actor);
        return state.view();
      }),
    { validator: validateGuild },
  );
  setHandler(
    extendUpdate,
    (byMs, actor) => {
      const updateId = currentUpdateInfo()?.id ?? '';
      const known = state.extended(updateId);
      if (known !== undefined) return Promise.resolve(known);
      return inTurn(() => extensions.extend(updateId, byMs, actor));
    },
    {
      validator: (byMs, _actor) => {
        refuseUnlessRunning();
        if (!Number.isSafeInteger(byMs) || byMs <= 0 || byMs > 10 * 366 * 86_400_000) {
          throw toApplicationFailure({
            step: 'extend',
            code: 'SANDBOX_008',
            message: `an extension of ${byMs} ms is not valid`,
            hint: 'Use a duration such as 1h or 2d.',
          });
        }
      },
    },
  );
  setHandler(
    resetUpdate,
    (actor) =>
      inTurn(async () => {
        await reset(state, actor);
        return state.view();
      }),
    {
      validator: (_actor) => {
        refuseUnlessRunning();
      },
    },
  );
  setHandler(destroyUpdate, async (actor) => {
    state.end({ actor, reason: 'destroyed' });
    // Cancelling the workflow means destroy as well: this caller waits for the same end.
    await CancellationScope.nonCancellable(() =>
      condition(() => state.status === 'destroying' || state.status === 'destroyed'),
    );
    return state.view();
  });

  // A new sandbox's attributes came with its start.
  if (start.kind === 'create') setCurrentDetails(state.details());
  else publish();
  try {
    if (start.kind === 'create') await create(state, publish);
    if (state.resetting) {
      inTurn(() => finishReset(state)).then(
        () => (state.resetting = false),
        () => undefined,
      );
    }
    await sleepUntilEnd(state, guilds, extensions);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    state.end({ actor: 'cancellation', reason: 'cancelled' });
  }

  await CancellationScope.nonCancellable(async () => {
    if (claimRefused(state)) state.status = 'destroyed';
    else {
      if (state.ending?.reason === 'expired') {
        state.status = 'expired';
        publish();
      }
      await cleanUp(state, publish);
    }
    publish();
    await condition(allHandlersFinished);
  });
  if (state.failure !== null) throw toApplicationFailure(state.failure);
  return state.view();
}

/**
 * All or nothing: the caller hears of a failed create once nothing is left, or once its clean-up has to wait. Without a timer:
 * one that fires while a local activity spans two workflow tasks comes after it on replay (test/lifecycle/replay).
 */
async function leftOrWaiting(state: SandboxState): Promise<void> {
  if (patched('failed-create-without-timer'))
    await condition(() => state.status === 'destroyed' || state.activity !== null);
  else await condition(() => state.status === 'destroyed', '2s');
}

/** A validator's refusal never enters the history; it must be synchronous and an ApplicationFailure. */
function refuseInvalid(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (error instanceof SandboxError) {
      throw toApplicationFailure({
        step: 'validation',
        code: error.code,
        message: error.message,
        hint: error.hint,
      });
    }
    throw error;
  }
}

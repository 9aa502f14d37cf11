/** What a sandbox's workflow does to the world: thin calls of store and resources, each idempotent. */
import { WORKFLOW_ACTOR, type Actor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { checkTtl } from '../domain/duration.js';
import { SandboxError } from '../domain/errors.js';
import type { Owner, SandboxId } from '../domain/names.js';
import type {
  ClaimedSandbox,
  EnsureInput,
  WorkflowFailure,
  ExtendResult,
  ResourceName,
} from '../domain/sandbox.js';
import { inOrder, type Resources } from '../resources/index.js';
import type { Policy } from '../platform/config.js';
import type { Logger } from '../platform/log.js';
import type { Database } from '../store/database.js';
import { claimSandbox } from '../store/claim.js';
import { giveUpClaim, recordCreateFailure } from '../store/create-failures.js';
import { extendSandbox, raiseRotation } from '../store/commands.js';
import { setCleanupError, transition, type Transition } from '../store/sandboxes.js';
import { failuresTyped } from './failures.js';
import { inTime } from './in-time.js';
import type { LifecycleMetrics } from './metrics.js';

export interface ActivityContext {
  readonly database: Database;
  readonly resources: Resources;
  readonly policy: Policy;
  readonly metrics: LifecycleMetrics;
  readonly log: Logger;
}

export type SandboxActivities = ReturnType<typeof sandboxActivities>;

export function sandboxActivities(context: ActivityContext) {
  const { database, resources, policy, metrics, log } = context;
  const move = (sandboxId: SandboxId, change: Transition): Promise<void> =>
    inTime(['postgres'], transition(database, sandboxId, change));

  return failuresTyped(
    {
      /** The policy binds here, not in the caller. Again for the same id: the times that were claimed then. */
      async claim({ sandboxId, actor, args }: Command<'create'>): Promise<ClaimedSandbox> {
        const ttlMs = checkTtl(args.ttlMs ?? policy.defaultTtlMs, {
          minMs: policy.minTtlMs,
          maxMs: policy.maxTtlMs,
        });
        const { name, owner, guildIds } = args;
        const expiresAt = new Date(Date.now() + ttlMs);
        const { maxPerOwner } = policy;
        const claim = { sandboxId, name, owner, guildIds, expiresAt, maxPerOwner, actor };
        return inTime(['postgres'], claimSandbox(database, claim));
      },

      async ensureResource(name: ResourceName, target: EnsureInput): Promise<void> {
        const resource = resources[name];
        const made = resource.ensure({ ...target, createdAt: new Date(target.createdAt) });
        await inTime(resource.servers, made);
      },

      /** @param seconds since the workflow's start */
      async markRunning(sandboxId: SandboxId, actor: Actor, seconds: number): Promise<void> {
        await move(sandboxId, { to: 'running', actor });
        metrics.created(seconds, 'created');
      },

      async registerGuild({ sandboxId, actor, args }: Command<'registerGuild'>): Promise<void> {
        const routes = resources['guild-routes'];
        await inTime(routes.servers, routes.register(sandboxId, args.guildId, actor));
      },

      async unregisterGuild({ sandboxId, actor, args }: Command<'unregisterGuild'>): Promise<void> {
        const routes = resources['guild-routes'];
        await inTime(routes.servers, routes.unregister(sandboxId, args.guildId, actor));
      },

      async extend(command: Command<'extend'>): Promise<ExtendResult> {
        const bounds = { now: Date.now(), maxMs: policy.maxTtlMs };
        return inTime(['postgres'], extendSandbox(database, command, bounds));
      },

      /** Raises the rotation; everything of the sandbox then derives from the new one. */
      async beginReset(command: Command<'reset'>): Promise<number> {
        return inTime(['postgres'], raiseRotation(database, command));
      },

      async resetResource(name: ResourceName, input: EnsureInput): Promise<void> {
        const target = { ...input, createdAt: new Date(input.createdAt) };
        const resource = resources[name];
        const done =
          resource.reset === undefined ? resource.ensure(target) : resource.reset(target);
        await inTime(resource.servers, done);
      },

      async markExpired(sandboxId: SandboxId): Promise<void> {
        await move(sandboxId, { to: 'expired', actor: WORKFLOW_ACTOR });
      },

      /** False where the claim was never written: there is nothing to destroy. */
      async markDestroying(
        sandboxId: SandboxId,
        actor: Actor,
        reason: string,
        owner: Owner,
      ): Promise<boolean> {
        const change = {
          to: 'destroying',
          actor,
          details: { reason },
          event: 'sandbox_destroying',
        } as const;
        try {
          await move(sandboxId, change);
        } catch (error) {
          if (!(error instanceof SandboxError && error.code === 'SANDBOX_004')) throw error;
          const message = `sandbox ${sandboxId} was given up (${reason}) before it was claimed`;
          const details = { step: 'claim', code: 'SANDBOX_007', message };
          if (await giveUpClaim(database, sandboxId, owner, { actor, details })) return false;
          await move(sandboxId, change);
        }
        return true;
      },

      /** All servers at once; what fails is tried again with the others' work done. */
      async revokeAll(sandboxId: SandboxId): Promise<void> {
        const outcomes = await Promise.allSettled(
          inOrder(resources).map((r) => inTime(r.servers, r.revoke(sandboxId))),
        );
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      },

      async removeResource(sandboxId: SandboxId, name: ResourceName): Promise<void> {
        const resource = resources[name];
        await inTime(resource.servers, resource.remove(sandboxId));
      },

      async markDestroyed(sandboxId: SandboxId, seconds: number): Promise<void> {
        await move(sandboxId, {
          to: 'destroyed',
          actor: WORKFLOW_ACTOR,
          event: 'sandbox_destroyed',
        });
        metrics.destroyed(seconds);
      },

      /** Makes a clean-up that is being retried visible in `status` and the log; never fails itself. */
      async reportCleanupFailure(
        sandboxId: SandboxId,
        step: string,
        message: string,
      ): Promise<void> {
        log.error({ sandboxId, step, err: message }, 'clean-up step failed, will be retried');
        await setCleanupError(database, sandboxId, `${step}: ${message}`).catch(() => undefined);
      },

      async reportCreateFailure(
        sandboxId: SandboxId,
        failure: WorkflowFailure,
        seconds: number,
      ): Promise<void> {
        const { step, code, message } = failure;
        log.warn({ sandboxId, step, code, err: message }, 'create failed');
        // A refused claim has written its own entry.
        const details = { step, code, message };
        await recordCreateFailure(database, sandboxId, { actor: WORKFLOW_ACTOR, details });
        // Last, so that an attempt that fails counts nothing.
        metrics.created(seconds, 'failed');
      },
    },
    countCleanupFailures(metrics),
  );
}

/** Their labels in `sandbox_cleanup_errors_total`. */
const STEP_OF_ACTIVITY: Readonly<Record<string, string>> = {
  markDestroying: 'mark destroying',
  revokeAll: 'revoke credentials',
  removeResource: 'remove',
  markDestroyed: 'mark destroyed',
};

/** Every attempt counts: an alarm on many in a quarter of an hour must see the one sandbox that is stuck. */
function countCleanupFailures(
  metrics: LifecycleMetrics,
): (name: string, args: readonly unknown[]) => void {
  return (name, [, resource]) => {
    const step = STEP_OF_ACTIVITY[name];
    if (step === undefined) return;
    metrics.cleanupFailed(name === 'removeResource' ? `${step} ${String(resource)}` : step);
  };
}

/** What a sandbox's workflow does to the world: thin calls of store and resources, each idempotent. */
import { WORKFLOW_ACTOR, type Actor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { checkTtl } from '../domain/duration.js';
import { SandboxError } from '../domain/errors.js';
import type { Owner, SandboxId } from '../domain/names.js';
import type { GuildPolicy } from '../domain/permissions.js';
import type { ClaimedSandbox, WorkflowFailure, ExtendResult } from '../domain/sandbox.js';
import type { Resources } from '../resources/index.js';
import { ROUTE_SERVERS, type Routes } from '../routes/routes.js';
import type { Policy } from '../platform/config.js';
import type { Logger } from '../platform/log.js';
import type { Database } from '../store/database.js';
import { claimSandbox } from '../store/claim.js';
import { giveUpClaim, recordCreateFailure } from '../store/create-failures.js';
import { extendSandbox, raiseRotation } from '../store/commands.js';
import { setCleanupError, transition, type Transition } from '../store/sandboxes.js';
import { cleanupLabel } from './cleanup-labels.js';
import { failuresTyped } from './failures.js';
import { inTime } from './in-time.js';
import { resourceActivities } from './resource-activities.js';
import type { LifecycleMetrics } from './metrics.js';

export interface ActivityContext {
  readonly database: Database;
  readonly resources: Resources;
  readonly routes: Routes;
  readonly policy: Policy;
  readonly guildPolicy: GuildPolicy;
  readonly metrics: LifecycleMetrics;
  readonly log: Logger;
}

export type SandboxActivities = ReturnType<typeof sandboxActivities>;

export function sandboxActivities(context: ActivityContext) {
  const { database, resources, routes, policy, guildPolicy, metrics, log } = context;
  const move = (sandboxId: SandboxId, change: Transition): Promise<void> =>
    inTime(['postgres'], transition(database, sandboxId, change));

  const steps = {
    /** The policy binds here, not in the caller. Again for the same id: the times that were claimed then. */
    async claim({ sandboxId, actor, args }: Command<'create'>): Promise<ClaimedSandbox> {
      const ttlMs = checkTtl(args.ttlMs ?? policy.defaultTtlMs, {
        minMs: policy.minTtlMs,
        maxMs: policy.maxTtlMs,
      });
      const { name, owner, guildIds } = args;
      const expiresAt = new Date(Date.now() + ttlMs);
      const { maxPerOwner } = policy;
      const claim = {
        ...{ sandboxId, name, owner, guildIds, expiresAt, maxPerOwner, guildPolicy, actor },
      };
      const times = await inTime(['postgres'], claimSandbox(database, claim));
      return { ...times, resources: resources.names };
    },

    async activateRoutes(sandboxId: SandboxId): Promise<void> {
      await inTime(ROUTE_SERVERS, routes.activate(sandboxId));
    },

    async removeRoutes(sandboxId: SandboxId): Promise<void> {
      await inTime(ROUTE_SERVERS, routes.remove(sandboxId));
    },

    /** @param seconds since the workflow's start */
    async markRunning(sandboxId: SandboxId, actor: Actor, seconds: number): Promise<void> {
      await move(sandboxId, { to: 'running', actor });
      metrics.created(seconds, 'created');
    },

    async registerGuild({ sandboxId, actor, args }: Command<'registerGuild'>): Promise<void> {
      const registration = { sandboxId, guildId: args.guildId, actor, policy: guildPolicy };
      await inTime(ROUTE_SERVERS, routes.register(registration));
    },

    async unregisterGuild({ sandboxId, actor, args }: Command<'unregisterGuild'>): Promise<void> {
      await inTime(ROUTE_SERVERS, routes.unregister(sandboxId, args.guildId, actor));
    },

    async extend(command: Command<'extend'>): Promise<ExtendResult> {
      const bounds = { now: Date.now(), maxMs: policy.maxTtlMs };
      return inTime(['postgres'], extendSandbox(database, command, bounds));
    },

    /** Raises the rotation; everything of the sandbox then derives from the new one. */
    async beginReset(command: Command<'reset'>): Promise<number> {
      return inTime(['postgres'], raiseRotation(database, command));
    },

    async markExpired(sandboxId: SandboxId): Promise<void> {
      await move(sandboxId, { to: 'expired', actor: WORKFLOW_ACTOR });
    },

    /** The resources to remove, last made first; null where the claim was never written: there is nothing to destroy. */
    async markDestroying(
      sandboxId: SandboxId,
      actor: Actor,
      reason: string,
      owner: Owner,
    ): Promise<readonly string[] | null> {
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
        if (await giveUpClaim(database, sandboxId, owner, { actor, details })) return null;
        await move(sandboxId, change);
      }
      return resources.names.reverse();
    },

    /** All servers at once; what fails is tried again with the others' work done. */
    async revokeAll(sandboxId: SandboxId): Promise<void> {
      const outcomes = await Promise.allSettled(
        resources.all.map((r) => inTime(r.servers, r.revoke(sandboxId))),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
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
    async reportCleanupFailure(sandboxId: SandboxId, step: string, message: string): Promise<void> {
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
  };
  const typed = <T extends Parameters<typeof failuresTyped>[0]>(activities: T): T =>
    failuresTyped(activities, countCleanupFailures(metrics));
  return { ...typed(steps), ...typed(resourceActivities(resources)) };
}

/** Every attempt counts: an alarm on many in a quarter of an hour must see the one sandbox that is stuck. */
function countCleanupFailures(metrics: LifecycleMetrics): (name: string) => void {
  return (name) => {
    const label = cleanupLabel(name);
    if (label !== undefined) metrics.cleanupFailed(label);
  };
}

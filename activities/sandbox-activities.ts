/** What a sandbox's workflow does to the world: thin calls of store and resources, each idempotent. */
import { checkTtl } from '../domain/duration.js';
import { SandboxError } from '../domain/errors.js';
import { extended } from '../domain/expiry.js';
import type { GuildId } from '../domain/guild.js';
import type { Owner, SandboxId } from '../domain/names.js';
import type {
  ClaimedSandbox,
  EnsureInput,
  WorkflowFailure,
  CreateSandboxInput,
  ExtendResult,
  ResourceName,
} from '../domain/sandbox.js';
import { inOrder, type Resources } from '../resources/index.js';
import type { Policy } from '../platform/config.js';
import type { Logger } from '../platform/log.js';
import type { Database } from '../store/database.js';
import { claimSandbox } from '../store/claim.js';
import { giveUpClaim, recordCreateFailure } from '../store/create-failures.js';
import {
  getSandbox,
  moveExpiry,
  raiseRotation,
  setCleanupError,
  transition,
  type Transition,
} from '../store/sandboxes.js';
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
      /** The policy binds here, not in the caller. Again for the same id: the expiry that was claimed then. */
      async claim(input: CreateSandboxInput): Promise<ClaimedSandbox> {
        const ttlMs = checkTtl(input.ttlMs ?? policy.defaultTtlMs, {
          minMs: policy.minTtlMs,
          maxMs: policy.maxTtlMs,
        });
        const { sandboxId, name, owner, guildIds } = input;
        const expiresAt = new Date(Date.now() + ttlMs);
        const { maxPerOwner } = policy;
        const claim = { sandboxId, name, owner, guildIds, expiresAt, maxPerOwner };
        return inTime(['postgres'], claimSandbox(database, claim));
      },

      async ensureResource(name: ResourceName, target: EnsureInput): Promise<void> {
        const resource = resources[name];
        const made = resource.ensure({ ...target, createdAt: new Date(target.createdAt) });
        await inTime(resource.servers, made);
      },

      /** @param seconds since the workflow's start */
      async markRunning(sandboxId: SandboxId, owner: string, seconds: number): Promise<void> {
        await move(sandboxId, { to: 'running', actor: owner });
        metrics.created(seconds, 'created');
      },

      async registerGuild(sandboxId: SandboxId, guildId: GuildId, actor: string): Promise<void> {
        const routes = resources['guild-routes'];
        await inTime(routes.servers, routes.register(sandboxId, guildId, actor));
      },

      async unregisterGuild(sandboxId: SandboxId, guildId: GuildId, actor: string): Promise<void> {
        const routes = resources['guild-routes'];
        await inTime(routes.servers, routes.unregister(sandboxId, guildId, actor));
      },

      /** `known`: what the workflow knows and believes. Null: it believes none, and the row's counts, or now. */
      async extend(
        sandboxId: SandboxId,
        known: number | null,
        byMs: number,
        actor: string,
      ): Promise<ExtendResult> {
        const row = known === null ? await getSandbox(database, sandboxId) : null;
        const now = Date.now();
        const { maxTtlMs: maxMs } = policy;
        const next = extended({ known, row: row?.expiresAt.getTime() ?? NaN, byMs, now, maxMs });
        const move = { from: new Date(next.from), to: new Date(next.expiresAt) };
        const details = { byMs, clamped: next.clamped };
        const moved = moveExpiry(database, sandboxId, move, actor, details);
        const expiresAt = (await inTime(['postgres'], moved)).getTime();
        const clamped = expiresAt === next.expiresAt ? next.clamped : expiresAt < next.from + byMs;
        return { expiresAt, clamped };
      },

      /** Raises the rotation, once for `current`; everything of the sandbox then derives from the new one. */
      async beginReset(sandboxId: SandboxId, current: number, actor: string): Promise<number> {
        return inTime(['postgres'], raiseRotation(database, sandboxId, current, actor));
      },

      async resetResource(name: ResourceName, input: EnsureInput): Promise<void> {
        const target = { ...input, createdAt: new Date(input.createdAt) };
        const resource = resources[name];
        const done =
          resource.reset === undefined ? resource.ensure(target) : resource.reset(target);
        await inTime(resource.servers, done);
      },

      async markExpired(sandboxId: SandboxId): Promise<void> {
        await move(sandboxId, { to: 'expired', actor: 'workflow' });
      },

      /** False where the claim was never written: there is nothing to destroy. */
      async markDestroying(
        sandboxId: SandboxId,
        actor: string,
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
          actor: 'workflow',
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
        await recordCreateFailure(database, sandboxId, { actor: 'workflow', details });
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

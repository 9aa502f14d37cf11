/** The activities of a sandbox's workflow: thin calls of store and resources, each idempotent. */
import { WORKFLOW_ACTOR } from '../domain/actor.js';
import type { Command, CommandAction, VerifiedCommand } from '../domain/command.js';
import { checkTtl } from '../domain/duration.js';
import type { EndRequest } from '../domain/ending.js';
import type { SandboxId } from '../domain/names.js';
import type { GuildPolicy } from '../domain/permissions.js';
import type { ClaimedSandbox, WorkflowFailure, ExtendResult } from '../domain/sandbox.js';
import type { Resources } from '../resources/index.js';
import { ROUTE_SERVERS, type Routes } from '../routes/routes.js';
import type { Policy } from '../platform/config.js';
import type { Logger } from '../platform/log.js';
import { isAuthentic, verifyCommand } from '../platform/signature.js';
import type { Database } from '../store/database.js';
import { claimSandbox } from '../store/claim.js';
import { recordCreateFailure } from '../store/create-failures.js';
import { extendSandbox, raiseRotation } from '../store/commands.js';
import { setCleanupError, transition, type Transition } from '../store/sandboxes.js';
import { beginDestroy } from './begin-destroy.js';
import { Claims } from './claims.js';
import { cleanupLabel } from './cleanup-labels.js';
import { Endings } from './endings.js';
import { failuresTyped } from './failures.js';
import { inTime } from './in-time.js';
import { resourceActivities } from './resource-activities.js';
import type { LifecycleMetrics } from './metrics.js';

export interface ActivityContext {
  readonly database: Database;
  readonly resources: Resources;
  readonly routes: Routes;
  readonly policy: Policy;
  /** Verifies commands (platform/subkeys.ts). */
  readonly actorKey: string;
  readonly guildPolicy: GuildPolicy;
  readonly metrics: LifecycleMetrics;
  readonly log: Logger;
}

export type SandboxActivities = ReturnType<typeof sandboxActivities>;

export function sandboxActivities(context: ActivityContext) {
  const { database, resources, routes, policy, guildPolicy, actorKey, metrics } = context;
  const claims = new Claims();
  const endings = new Endings(database);
  const verified = <A extends CommandAction>(command: Command<A>, action: A): VerifiedCommand<A> =>
    verifyCommand(actorKey, command, action, Date.now());
  const move = (sandboxId: SandboxId, change: Transition): Promise<void> =>
    inTime(['postgres'], transition(database, sandboxId, change));

  const steps = {
    claim: async (command: Command<'create'>): Promise<ClaimedSandbox> =>
      claimed(context, claims, verified(command, 'create')),

    async activateRoutes(sandboxId: SandboxId): Promise<void> {
      await inTime(ROUTE_SERVERS, routes.activate(sandboxId));
    },

    async removeRoutes(sandboxId: SandboxId): Promise<void> {
      await endings.require(sandboxId);
      await inTime(ROUTE_SERVERS, routes.remove(sandboxId));
    },

    /** @param seconds since the workflow's start */
    async markRunning(command: Command<'create'>, seconds: number): Promise<void> {
      const { sandboxId, actor } = verified(command, 'create').command;
      claims.over(sandboxId);
      await move(sandboxId, { to: 'running', actor });
      metrics.created(seconds, 'created');
    },

    async registerGuild(command: Command<'registerGuild'>): Promise<void> {
      const registration = routes.register(verified(command, 'registerGuild'), guildPolicy);
      await inTime(ROUTE_SERVERS, registration);
    },

    /** The end of a registration that no router confirmed; also after its signature's expiry. */
    async takeGuildBack(command: Command<'registerGuild'>): Promise<void> {
      await inTime(ROUTE_SERVERS, routes.takeBack(verified(command, 'registerGuild')));
    },

    async unregisterGuild(command: Command<'unregisterGuild'>): Promise<void> {
      await inTime(ROUTE_SERVERS, routes.unregister(verified(command, 'unregisterGuild')));
    },

    async extend(command: Command<'extend'>): Promise<ExtendResult> {
      const bounds = { now: Date.now(), maxMs: policy.maxTtlMs };
      const extension = extendSandbox(database, verified(command, 'extend'), bounds);
      return inTime(['postgres'], extension);
    },

    /** Raises the rotation. Everything of the sandbox then derives from the new one. */
    async beginReset(command: Command<'reset'>): Promise<void> {
      await inTime(['postgres'], raiseRotation(database, verified(command, 'reset')));
    },

    async markExpired(sandboxId: SandboxId): Promise<void> {
      await move(sandboxId, { to: 'expired', actor: WORKFLOW_ACTOR });
    },

    markDestroying: (create: Command<'create'>, request: EndRequest) =>
      inTime(
        ['postgres'],
        beginDestroy({ database, actorKey, resources, claims, endings }, create, request),
      ),

    /** All servers at once. After a failure the other servers' work stays done. */
    async revokeAll(sandboxId: SandboxId): Promise<void> {
      await endings.require(sandboxId);
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
      endings.over(sandboxId);
      metrics.destroyed(seconds);
    },
  };
  const typed = <T extends Parameters<typeof failuresTyped>[0]>(activities: T): T =>
    failuresTyped(activities, countCleanupFailures(metrics));
  return {
    ...typed(steps),
    ...typed(reportActivities(context)),
    ...typed(resourceActivities({ database, resources, claims, endings })),
  };
}

function reportActivities({ database, actorKey, metrics, log }: ActivityContext) {
  return {
    /** Shows the reason of a retried clean-up in `status` and the log. Never fails itself. */
    async reportCleanupFailure(sandboxId: SandboxId, step: string, message: string): Promise<void> {
      log.error({ sandboxId, step, err: message }, 'clean-up step failed, will be retried');
      await setCleanupError(database, sandboxId, `${step}: ${message}`).catch(() => undefined);
    },

    /** A create that was not signed leaves no entry: its id is nobody's. */
    async reportCreateFailure(
      command: Command<'create'>,
      failure: WorkflowFailure,
      seconds: number,
    ): Promise<void> {
      const { sandboxId } = command;
      const { step, code, message } = failure;
      log.warn({ sandboxId, step, code, err: message }, 'create failed');
      if (!isAuthentic(actorKey, command, 'create')) return;
      // A refused claim has written its own entry; that of an expired signature leaves none.
      const details = { step, code, message };
      if (!(step === 'claim' && code === 'SANDBOX_010'))
        await recordCreateFailure(database, sandboxId, { actor: WORKFLOW_ACTOR, details });
      // Last, so that a failed attempt counts nothing.
      metrics.created(seconds, 'failed');
    },
  };
}

/** The policy binds here, not in the caller. Repeated by the same command: the times that were claimed then. */
async function claimed(
  { database, resources, policy, guildPolicy }: ActivityContext,
  claims: Claims,
  create: VerifiedCommand<'create'>,
): Promise<ClaimedSandbox> {
  const { args, sandboxId } = create.command;
  const ttlMs = checkTtl(args.ttlMs ?? policy.defaultTtlMs, {
    minMs: policy.minTtlMs,
    maxMs: policy.maxTtlMs,
  });
  const expiresAt = new Date(Date.now() + ttlMs);
  const { maxPerOwner, defaultTemplate } = policy;
  const rules = { maxPerOwner, guildPolicy, defaultTemplate };
  const claim = claimSandbox(database, { create, expiresAt, ...rules });
  const written = await inTime(['postgres'], claim);
  claims.begun(sandboxId, written, expiresAt);
  const slow = resources.all.filter((one) => one.isSlow?.(written) === true);
  return { ...written, resources: resources.names, slow: slow.map(({ name }) => name) };
}

/**
 * Counts every attempt: an alarm on many in a quarter of an hour must notice a single stuck
 * sandbox.
 */
function countCleanupFailures(metrics: LifecycleMetrics): (name: string) => void {
  return (name) => {
    const label = cleanupLabel(name);
    if (label !== undefined) metrics.cleanupFailed(label);
  };
}

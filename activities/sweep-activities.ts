/** The sweep's two halves: rows without a workflow, and resources without a live row. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { SWEEP_ACTOR } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { messageOf } from '../domain/errors.js';
import { doubtOf } from '../domain/expiry.js';
import type { CarriedState, SandboxStart, SandboxWorkflow } from '../domain/hand-over.js';
import { workflowId, type SandboxId } from '../domain/names.js';
import { SANDBOX_STATUSES } from '../domain/status.js';
import type { Orphan, Repaired, Revived, SweepInput } from '../domain/sweep.js';
import { SANDBOX_WORKFLOW, UPDATES } from '../domain/sandbox.js';
import type { FoundOfSandbox, Resources, Swept } from '../resources/index.js';
import type { Routes } from '../routes/routes.js';
import type { Logger } from '../platform/log.js';
import { signCommand } from '../platform/signature.js';
import type { Database } from '../store/database.js';
import { getSandbox, listSandboxes, type SandboxRecord } from '../store/sandboxes.js';
import { failuresTyped } from './failures.js';
import type { LifecycleMetrics } from './metrics.js';

/** Rows are kept for ever, so the sweep skips those of destroyed sandboxes. */
const NOT_DESTROYED = SANDBOX_STATUSES.filter((status) => status !== 'destroyed');

export interface SweepContext {
  readonly database: Database;
  readonly resources: Resources;
  readonly routes: Routes;
  readonly client: Client;
  /** Signs what the sweep destroys (platform/subkeys.ts). */
  readonly actorKey: string;
  /** The task queue of revived workflows. */
  readonly taskQueue: string;
  readonly installation: string;
  readonly graceMs: number;
  readonly metrics: LifecycleMetrics;
  readonly log: Logger;
}

export type SweepActivities = ReturnType<typeof sweepActivities>;

export function sweepActivities(context: SweepContext) {
  const { database, resources, client, actorKey, log, metrics } = context;

  async function workflowRuns(sandboxId: SandboxId): Promise<boolean> {
    try {
      const { status } = await client.workflow.getHandle(workflowId(sandboxId)).describe();
      return status.name === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** Null if there is nothing to do. */
  async function revive(sandboxId: SandboxId, dryRun: boolean): Promise<Revived | null> {
    if (await workflowRuns(sandboxId)) return null;
    // Read after the workflow was seen closed: a workflow that ended normally has written
    // `destroyed` before.
    const row = await getSandbox(database, sandboxId);
    if (row === null || row.status === 'destroyed') return null;
    const state = stateOf(row, resources.names);
    const start: SandboxStart =
      row.status === 'running'
        ? { kind: 'resume', state }
        : { kind: 'cleanUp', state, destroy: signCommand(actorKey, destroyOf(row), Date.now()) };
    const as = start.kind;
    const doubt = doubtOf({ ...timesOf(row), now: Date.now() });
    // Its workflow then waits, and shows the same.
    if (doubt !== null) log.error({ sandboxId, code: 'SANDBOX_011' }, `it lives on: ${doubt}`);
    if (!dryRun) {
      await client.workflow.start<SandboxWorkflow>(SANDBOX_WORKFLOW, {
        workflowId: workflowId(sandboxId),
        taskQueue: context.taskQueue,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowTaskTimeout: '3s',
        staticSummary: `${row.name} (${row.owner}), revived by the sweep`,
        args: [commandOf(row), start],
      });
    }
    log.warn({ sandboxId, status: row.status, as, dryRun }, 'a row lacked its workflow');
    return { sandboxId, status: row.status, as };
  }

  /** What it has stays; what it lacks is made; its credentials are those of today's secrets. */
  async function repair({ sandboxId, rotation, createdAt }: SandboxRecord): Promise<Repaired> {
    try {
      for (const resource of resources.all)
        await resource.ensure({ sandboxId, rotation, createdAt });
      log.info({ sandboxId }, 'repaired');
      return { sandboxId };
    } catch (error) {
      // It may be in a reset, or be destroyed meanwhile: the rest is repaired all the same.
      log.warn({ sandboxId, err: messageOf(error) }, 'not repaired');
      return { sandboxId, error: messageOf(error) };
    }
  }

  async function removeOrphan(found: FoundOrphan, dryRun: boolean): Promise<Orphan> {
    const { owner, kind, name, sandboxId } = found;
    const facts = { resource: owner.name, kind, name, sandboxId };
    if (dryRun) return { ...facts, removed: false };
    try {
      await owner.removeOrphan(found);
      log.warn(facts, 'orphan removed');
      return { ...facts, removed: true };
    } catch (error) {
      metrics.cleanupFailed(`orphan ${kind}`);
      return { ...facts, removed: false, error: messageOf(error) };
    }
  }

  return failuresTyped({
    async reviveRows({ dryRun, sandboxId }: SweepInput): Promise<Revived[]> {
      const rows =
        sandboxId === undefined
          ? await listSandboxes(database, { status: NOT_DESTROYED })
          : [await getSandbox(database, sandboxId)].filter((row) => row !== null);
      const revived: Revived[] = [];
      for (const row of rows) {
        Context.current().heartbeat();
        const outcome = await revive(row.sandboxId, dryRun);
        if (outcome !== null) revived.push(outcome);
      }
      return revived;
    },

    async repairRows({ dryRun }: SweepInput): Promise<Repaired[]> {
      const rows = await listSandboxes(database, { status: ['running'] });
      if (dryRun) return rows.map(({ sandboxId }) => ({ sandboxId }));
      const repaired: Repaired[] = [];
      for (const row of rows) {
        Context.current().heartbeat();
        repaired.push(await repair(row));
      }
      return repaired;
    },

    async sweepOrphans({ dryRun, sandboxId }: SweepInput): Promise<Orphan[]> {
      if (sandboxId !== undefined) return [];
      const orphans = await findOrphanedResources(context);
      const perKind = new Map<string, number>();
      const reports: Orphan[] = [];
      for (const orphan of orphans) {
        Context.current().heartbeat();
        perKind.set(orphan.kind, (perKind.get(orphan.kind) ?? 0) + 1);
        reports.push(await removeOrphan(orphan, dryRun));
      }
      // A dry run is no sweep.
      if (!dryRun) metrics.swept(perKind);
      return reports;
    },
  });
}

/** An instance on a server, its sandbox, and the resource that removes it. */
type FoundOrphan = FoundOfSandbox & { readonly owner: Swept };

/**
 * Resources of this installation without a live row, older than the grace period. Lists resources
 * first and rows second: a row exists before its resources, so a resource without a row is an
 * orphan.
 */
export async function findOrphanedResources(
  context: Pick<SweepContext, 'database' | 'resources' | 'routes' | 'installation' | 'graceMs'>,
): Promise<FoundOrphan[]> {
  const { database, resources, routes, installation, graceMs } = context;
  const listed = await Promise.all(
    [...resources.all, routes].map(async (owner: Swept) =>
      (await owner.list()).map((found) => ({ ...found, owner })),
    ),
  );
  const oldest = Date.now() - graceMs;
  const rows = await listSandboxes(database, { status: NOT_DESTROYED });
  const alive = new Set(rows.map(({ sandboxId }) => sandboxId));
  return listed.flat().filter((found): found is FoundOrphan => {
    if (found.sandboxId === null || found.installation !== installation) return false;
    return !alive.has(found.sandboxId) && (found.createdAt?.getTime() ?? Infinity) < oldest;
  });
}

/** A create that finished long ago: the run continues from the row. */
function commandOf(row: SandboxRecord): Command<'create'> {
  const { sandboxId, name, owner, guildIds, template } = row;
  const args = { name, owner, guildIds, template, ttlMs: null };
  return { commandId: sandboxId, action: 'create', sandboxId, actor: SWEEP_ACTOR, args };
}

const destroyOf = ({ sandboxId }: SandboxRecord): Command<'destroy'> => ({
  ...{ commandId: UPDATES.destroy, action: 'destroy', sandboxId, actor: SWEEP_ACTOR, args: {} },
});

const timesOf = ({ createdAt, expiresAt }: SandboxRecord) => ({
  createdAt: createdAt.getTime(),
  expiresAt: expiresAt.getTime(),
});

function stateOf(row: SandboxRecord, resources: readonly string[]): CarriedState {
  const { status, guildIds, template, templateVersion, rotation } = row;
  return {
    ...{ status, guildIds, template, templateVersion, resources },
    ...timesOf(row),
    // Its workflow may have stopped during the last reset.
    resetting: rotation > 0,
  };
}

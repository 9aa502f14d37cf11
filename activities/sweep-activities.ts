/** The sweep's two halves: rows that lack their workflow, and resources that lack a live row. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { SWEEP_ACTOR } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { messageOf } from '../domain/errors.js';
import { doubtOf } from '../domain/expiry.js';
import type { CarriedState, SandboxStart } from '../domain/hand-over.js';
import { workflowId, type SandboxId } from '../domain/names.js';
import { SANDBOX_STATUSES } from '../domain/status.js';
import type { Orphan, Repaired, Revived, SweepInput } from '../domain/sweep.js';
import { SANDBOX_WORKFLOW, type SandboxView } from '../domain/sandbox.js';
import type { FoundOfSandbox, Resources, Swept } from '../resources/index.js';
import type { Routes } from '../routes/routes.js';
import type { Logger } from '../platform/log.js';
import type { Database } from '../store/database.js';
import { getSandbox, listSandboxes, type SandboxRecord } from '../store/sandboxes.js';
import { failuresTyped } from './failures.js';
import type { LifecycleMetrics } from './metrics.js';

/** Rows are kept for ever, so those of the dead are never read. */
const NOT_DESTROYED = SANDBOX_STATUSES.filter((status) => status !== 'destroyed');

/** The workflow's signature: ties the hand-over to it (workflows/sandbox.ts). */
type SandboxWorkflow = (command: Command<'create'>, start?: SandboxStart) => Promise<SandboxView>;

export interface SweepContext {
  readonly database: Database;
  readonly resources: Resources;
  readonly routes: Routes;
  readonly client: Client;
  /** Where revived workflows run. */
  readonly taskQueue: string;
  readonly installation: string;
  readonly graceMs: number;
  readonly metrics: LifecycleMetrics;
  readonly log: Logger;
}

export type SweepActivities = ReturnType<typeof sweepActivities>;

export function sweepActivities(context: SweepContext) {
  const { database, resources, client, log, metrics } = context;

  async function workflowRuns(sandboxId: SandboxId): Promise<boolean> {
    try {
      const { status } = await client.workflow.getHandle(workflowId(sandboxId)).describe();
      return status.name === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** Null where there is nothing to do after all. */
  async function revive(sandboxId: SandboxId, dryRun: boolean): Promise<Revived | null> {
    if (await workflowRuns(sandboxId)) return null;
    // The row is read after the workflow was seen closed: one that has just ended normally has written `destroyed`.
    const row = await getSandbox(database, sandboxId);
    if (row === null || row.status === 'destroyed') return null;
    const as = row.status === 'running' ? 'resume' : 'cleanUp';
    const doubt = doubtOf({ ...timesOf(row), now: Date.now() });
    // Its workflow waits then, and shows the same.
    if (doubt !== null) log.error({ sandboxId, code: 'SANDBOX_011' }, `it lives on: ${doubt}`);
    if (!dryRun) {
      await client.workflow.start<SandboxWorkflow>(SANDBOX_WORKFLOW, {
        workflowId: workflowId(sandboxId),
        taskQueue: context.taskQueue,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowTaskTimeout: '3s',
        staticSummary: `${row.name} (${row.owner}), revived by the sweep`,
        args: [commandOf(row), { kind: as, state: stateOf(row, resources.names) }],
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
      // Looking only is no sweep.
      if (!dryRun) metrics.swept(perKind);
      return reports;
    },
  });
}

/** An instance on a server, its sandbox, and its owner, which removes it. */
type FoundOrphan = FoundOfSandbox & { readonly owner: Swept };

/**
 * Resources of this installation, older than the grace period, that no live row owns. Resources are listed first and rows
 * second: a row always comes before its resources, so one that is seen without a row has none.
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

/** A create that has been carried out long ago: the run goes on from the row. */
function commandOf({ sandboxId, name, owner, guildIds }: SandboxRecord): Command<'create'> {
  const args = { name, owner, guildIds, ttlMs: null };
  return { commandId: sandboxId, action: 'create', sandboxId, actor: SWEEP_ACTOR, args };
}

const timesOf = ({ createdAt, expiresAt }: SandboxRecord) => ({
  createdAt: createdAt.getTime(),
  expiresAt: expiresAt.getTime(),
});

function stateOf(row: SandboxRecord, resources: readonly string[]): CarriedState {
  const { status, guildIds, rotation } = row;
  return {
    status,
    guildIds,
    rotation,
    resources,
    ...timesOf(row),
    // Its workflow may have ended in the middle of the last one.
    resetting: rotation > 0,
  };
}

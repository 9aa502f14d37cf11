/** The start of each workflow: id, policies, and texts for the Temporal Web UI. */
import type { WorkflowStartOptions } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { SandboxWorkflow } from '../domain/hand-over.js';
import type { Command } from '../domain/command.js';
import { healthWorkflowId } from '../domain/health.js';
import { workflowId, type SandboxId } from '../domain/names.js';
import { sweepWorkflowId, type SweepInput } from '../domain/sweep.js';

export const ATTRIBUTES = {
  owner: defineSearchAttributeKey('SandboxOwner', 'KEYWORD'),
  name: defineSearchAttributeKey('SandboxName', 'KEYWORD'),
  status: defineSearchAttributeKey('SandboxStatus', 'KEYWORD'),
  guilds: defineSearchAttributeKey('SandboxGuilds', 'KEYWORD_LIST'),
};

export function startOptions(command: Command<'create'>, taskQueue: string) {
  const { sandboxId, args } = command;
  const { name, owner, guildIds, ttlMs, template } = args;
  return {
    workflowId: workflowId(sandboxId),
    taskQueue,
    args: [command] as [Command<'create'>],
    // A late retry joins a live run and never restarts a dead one. Only the sweep reuses an id.
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    // After a worker's kill -9 a create continues in 4.3 s instead of 11.2 (docs/lifecycle.md).
    workflowTaskTimeout: '3s',
    staticSummary: `${name} (${owner})`,
    staticDetails: `Sandbox **${name}** of ${owner}`,
    typedSearchAttributes: [
      { key: ATTRIBUTES.owner, value: owner },
      { key: ATTRIBUTES.name, value: name },
      { key: ATTRIBUTES.status, value: 'pending' },
      { key: ATTRIBUTES.guilds, value: [...guildIds] },
    ],
    memo: { sandboxId, name, owner, ttlMs, template },
  } satisfies WorkflowStartOptions<SandboxWorkflow> & { workflowIdConflictPolicy: string };
}

/** Callers of one id at the same time share one run. */
const shared = { workflowIdConflictPolicy: 'USE_EXISTING' } as const;

export const sweepStart = (input: SweepInput, taskQueue: string) => ({
  ...{ ...shared, taskQueue, workflowId: sweepWorkflowId(input) },
  args: [input] as [SweepInput],
});

/** Twice the wait of a caller. A worker that comes back then has no old looks to do. */
export const HEALTH_MS = 10_000;

export const healthStart = (sandboxId: SandboxId, taskQueue: string) => ({
  ...{ ...shared, taskQueue, workflowId: healthWorkflowId(sandboxId) },
  args: [sandboxId] as [SandboxId],
  workflowTaskTimeout: '3s' as const,
  workflowExecutionTimeout: HEALTH_MS,
  staticSummary: `looks at sandbox ${sandboxId}`,
});

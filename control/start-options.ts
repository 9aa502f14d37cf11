/** How a sandbox's workflow starts: its id, its policies, and what the Temporal Web UI shows of it. */
import type { WorkflowStartOptions } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { SandboxWorkflow } from '../domain/hand-over.js';
import type { Command } from '../domain/command.js';
import { workflowId } from '../domain/names.js';

export const ATTRIBUTES = {
  owner: defineSearchAttributeKey('SandboxOwner', 'KEYWORD'),
  name: defineSearchAttributeKey('SandboxName', 'KEYWORD'),
  status: defineSearchAttributeKey('SandboxStatus', 'KEYWORD'),
  guilds: defineSearchAttributeKey('SandboxGuilds', 'KEYWORD_LIST'),
};

export function startOptions(command: Command<'create'>, taskQueue: string) {
  const { sandboxId, args } = command;
  const { name, owner, guildIds, ttlMs } = args;
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
    memo: { sandboxId, name, owner, ttlMs },
  } satisfies WorkflowStartOptions<SandboxWorkflow> & { workflowIdConflictPolicy: string };
}

/** The calls that change a sandbox: each is an update of its workflow, or the start of it. */
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { SandboxError } from '../domain/errors.js';
import type { GuildId } from '../domain/guild.js';
import { workflowId, type SandboxId } from '../domain/names.js';
import { UPDATES, type CreateSandboxInput, type ExtendResult } from '../domain/sandbox.js';
import { SWEEP_WORKFLOW_ID } from '../domain/sweep.js';
import { delay } from '../platform/deadline.js';
import type { TemporalClient } from '../platform/temporal.js';
import type { sandboxWorkflow } from '../workflows/sandbox.js';
import type { sweepWorkflow } from '../workflows/sweep.js';
import type { SweepInput, SweepReport } from '../activities/sweep-activities.js';
import {
  asTemporalError,
  isEnd,
  isGone,
  isNotReady,
  isResourceExhausted,
  NO_WORKER,
} from './temporal-errors.js';

/** How long a call waits for a worker. The work goes on all the same: it is the workflow's, not the caller's. */
const ANSWER_MS = 20_000;

const NOT_READY_MS = 250;

const IN_PROGRESS = 'what was asked for goes on when a worker is back';

const ATTRIBUTES = {
  owner: defineSearchAttributeKey('SandboxOwner', 'KEYWORD'),
  name: defineSearchAttributeKey('SandboxName', 'KEYWORD'),
  status: defineSearchAttributeKey('SandboxStatus', 'KEYWORD'),
  guilds: defineSearchAttributeKey('SandboxGuilds', 'KEYWORD_LIST'),
};

export class Lifecycle {
  constructor(
    private readonly temporal: TemporalClient,
    private readonly taskQueue: string,
    private readonly newUpdateId: () => string,
    private readonly answerMs = ANSWER_MS,
  ) {}

  /**
   * Starts the workflow and waits until the sandbox runs, in one round trip. Again with the same id: the same sandbox.
   * With `wait` false it returns once Temporal has the workflow.
   * @throws the create's own typed error; SANDBOX_007 where this id has been destroyed
   */
  async create(input: CreateSandboxInput, wait: boolean): Promise<void> {
    const options = {
      workflowId: workflowId(input.sandboxId),
      taskQueue: this.taskQueue,
      args: [input] as [CreateSandboxInput],
      // A late retry joins the living and never resurrects the dead; only the sweep starts an id again.
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      // Measured (recipes.md): after a worker's kill -9 a create goes on in 4.3 s instead of 11.2.
      workflowTaskTimeout: '3s',
      staticSummary: `${input.name} (${input.owner})`,
      staticDetails: `Sandbox **${input.name}** of ${input.owner}`,
      typedSearchAttributes: [
        { key: ATTRIBUTES.owner, value: input.owner },
        { key: ATTRIBUTES.name, value: input.name },
        { key: ATTRIBUTES.status, value: 'pending' },
        { key: ATTRIBUTES.guilds, value: [...input.guildIds] },
      ],
      memo: { sandboxId: input.sandboxId, name: input.name, owner: input.owner },
    } satisfies WorkflowStartOptions<typeof sandboxWorkflow> & { workflowIdConflictPolicy: string };
    try {
      if (!wait) {
        await this.temporal.client.workflow.start<typeof sandboxWorkflow>(
          'sandboxWorkflow',
          options,
        );
        return;
      }
      await this.answered(() =>
        this.temporal.client.workflow.executeUpdateWithStart(UPDATES.ready, {
          updateId: UPDATES.ready,
          startWorkflowOperation: new WithStartWorkflowOperation<typeof sandboxWorkflow>(
            'sandboxWorkflow',
            options,
          ),
        }),
      );
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError)
        throw await this.endOf(input.sandboxId);
      const late = `sandbox ${input.sandboxId} will be created when one is back; \`bd sandbox destroy\` takes it away`;
      throw asTemporalError(error, late);
    }
  }

  /** Why a workflow that has ended did so. */
  private async endOf(sandboxId: SandboxId): Promise<Error> {
    try {
      await this.temporal.client.workflow.getHandle(workflowId(sandboxId)).result();
    } catch (error) {
      return isEnd(error) ? ended(sandboxId, error) : asTemporalError(error, IN_PROGRESS);
    }
    return new SandboxError(
      'SANDBOX_007',
      `sandbox ${sandboxId} has been destroyed; an id is used once`,
    );
  }

  registerGuild(sandboxId: SandboxId, guildId: GuildId, actor: string): Promise<unknown> {
    return this.update(sandboxId, UPDATES.registerGuild, [guildId, actor]);
  }

  unregisterGuild(sandboxId: SandboxId, guildId: GuildId, actor: string): Promise<unknown> {
    return this.update(sandboxId, UPDATES.unregisterGuild, [guildId, actor]);
  }

  extend(sandboxId: SandboxId, byMs: number, actor: string): Promise<ExtendResult> {
    return this.update(sandboxId, UPDATES.extend, [byMs, actor]);
  }

  reset(sandboxId: SandboxId, actor: string): Promise<unknown> {
    return this.update(sandboxId, UPDATES.reset, [actor]);
  }

  /**
   * Returns once `destroying` is written; all callers share one update, since a run takes only ten at once. Where the
   * server has no room for it either, a signal: then it returns once Temporal has that.
   */
  async destroy(sandboxId: SandboxId, actor: string): Promise<void> {
    try {
      await this.update(sandboxId, UPDATES.destroy, [actor], UPDATES.destroy);
    } catch (error) {
      if (isResourceExhausted(error)) {
        await this.temporal.client.workflow.getHandle(workflowId(sandboxId)).signal('destroy');
        return;
      }
      throw error;
    }
  }

  /** Resolves when the workflow has ended, whatever its result. */
  async ended(sandboxId: SandboxId): Promise<void> {
    try {
      await this.temporal.client.workflow.getHandle(workflowId(sandboxId)).result();
    } catch (error) {
      // A failed create ends as failed; a workflow that is unknown has ended long ago.
      const known =
        error instanceof Error && (error.name === 'WorkflowFailedError' || isGone(error));
      if (!known) throw asTemporalError(error, IN_PROGRESS);
    }
  }

  async sweep(input: SweepInput): Promise<SweepReport> {
    const client = this.temporal.client.workflow;
    try {
      const sweep = await client.start<typeof sweepWorkflow>('sweepWorkflow', {
        workflowId: sweepWorkflowId(input),
        taskQueue: this.taskQueue,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
      });
      return await whileServed(sweep, sweep.result(), this.answerMs);
    } catch (error) {
      throw asTemporalError(error, IN_PROGRESS);
    }
  }

  /** RUNNING, COMPLETED, …; null where Temporal knows no such workflow. */
  async workflowStatus(sandboxId: SandboxId): Promise<string | null> {
    try {
      const { status } = await this.temporal.client.workflow
        .getHandle(workflowId(sandboxId))
        .describe();
      return status.name;
    } catch (error) {
      if (isGone(error)) return null;
      throw asTemporalError(error, IN_PROGRESS);
    }
  }

  /** One call, bounded; sent again while the run is not ready for it. */
  private async answered<T>(call: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + this.answerMs;
    for (;;) {
      try {
        return await this.temporal.connection.withDeadline(deadline, call);
      } catch (error) {
        if (!isNotReady(error) || Date.now() > deadline - NOT_READY_MS) throw error;
        await delay(NOT_READY_MS);
      }
    }
  }

  private async update<T>(
    sandboxId: SandboxId,
    name: string,
    args: [unknown, ...unknown[]],
    updateId = this.newUpdateId(),
  ): Promise<T> {
    const handle = this.temporal.client.workflow.getHandle(workflowId(sandboxId));
    try {
      return await this.answered(() =>
        handle.executeUpdate<T, [unknown, ...unknown[]]>(name, { args, updateId }),
      );
    } catch (error) {
      if (isGone(error) || isEnd(error)) throw ended(sandboxId, error);
      if (isResourceExhausted(error)) throw error;
      throw asTemporalError(error, IN_PROGRESS);
    }
  }
}

function ended(sandboxId: SandboxId, cause: unknown): SandboxError {
  return new SandboxError('SANDBOX_007', `the workflow of sandbox ${sandboxId} has ended`, {
    details: { workflow: 'ended' },
    cause,
  });
}

/** @throws SANDBOX_009 where no worker has taken the workflow up within `answerMs`; it waits for one */
async function whileServed<T>(
  handle: WorkflowHandle,
  result: Promise<T>,
  answerMs: number,
): Promise<T> {
  const error = new SandboxError('SANDBOX_009', `no worker answered in time; ${IN_PROGRESS}`, {
    hint: NO_WORKER,
    details: { dependency: 'worker' },
  });
  let timer: NodeJS.Timeout | undefined;
  const unserved = new Promise<never>((_, reject) => {
    const look = async (): Promise<void> => {
      // Started, and offered to whoever comes.
      if ((await handle.describe()).historyLength <= 2) reject(error);
    };
    timer = setTimeout(() => void look().catch(() => undefined), answerMs);
  });
  try {
    return await Promise.race([result, unserved]);
  } finally {
    clearTimeout(timer);
  }
}

/** One sweep at a time; a dry run changes nothing, and must not be what a real one joins. */
function sweepWorkflowId({ sandboxId, dryRun }: SweepInput): string {
  const id = sandboxId === undefined ? SWEEP_WORKFLOW_ID : `${SWEEP_WORKFLOW_ID}-${sandboxId}`;
  return dryRun ? `${id}-dry-run` : id;
}

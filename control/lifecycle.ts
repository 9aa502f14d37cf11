/** The calls that change a sandbox: each is an update of its workflow, or starts the workflow. */
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import type { SandboxWorkflow } from '../domain/hand-over.js';
import type { Command, SignedCommand, SignedInput } from '../domain/command.js';
import { SandboxError } from '../domain/errors.js';
import { parseGuildIds } from '../domain/guild.js';
import type { Inspected } from '../domain/health.js';
import { parseOwner, parseSandboxName, workflowId, type SandboxId } from '../domain/names.js';
import { SANDBOX_WORKFLOW, UPDATES, type SandboxView } from '../domain/sandbox.js';
import type { SweepInput, SweepReport } from '../domain/sweep.js';
import { parseTemplateName } from '../domain/template.js';
import { signCommand, signInput } from '../platform/signature.js';
import { MISSING_SUBKEYS } from '../domain/missing-subkeys.js';
import type { TemporalClient } from '../platform/temporal.js';
import type { BegunCreate } from './view.js';
import type { healthWorkflow } from '../workflows/health.js';
import type { ExtendedView } from '../workflows/messages.js';
import type { sweepWorkflow } from '../workflows/sweep.js';
import { ATTRIBUTES, HEALTH_MS, healthStart, startOptions, sweepStart } from './start-options.js';
import { asTemporalError, isEnd, isGone, isResourceExhausted } from './temporal-errors.js';
import { Waiting, type WaitingOptions } from './waiting.js';

const IN_PROGRESS = 'the request continues when a worker is free';

export interface LifecycleOptions extends WaitingOptions {
  /** Signs each command (platform/subkeys.ts). Null: this process may read and sweep only. */
  readonly actorKey: string | null;
}

export class Lifecycle {
  readonly taskQueue: string;
  private readonly waiting: Waiting;
  private readonly actorKey: string | null;

  constructor(
    readonly temporal: TemporalClient,
    { actorKey, ...waiting }: LifecycleOptions,
  ) {
    this.taskQueue = waiting.taskQueue;
    this.actorKey = actorKey;
    this.waiting = new Waiting(temporal, waiting);
  }

  /**
   * Starts the workflow and waits until the sandbox runs, in one round trip. The same id gives the
   * same sandbox.
   * @returns null if `wait` is false: the call then returns once Temporal has the workflow
   * @throws the create's own error; SANDBOX_007 if the sandbox of this id is destroyed
   */
  async create(command: Command<'create'>, wait: boolean): Promise<SandboxView | null> {
    const { sandboxId } = command;
    const { workflow } = this.temporal.client;
    const options = startOptions(this.signed(command), this.taskQueue);
    const late = `sandbox ${sandboxId} will be created when a worker is free; \`bd sandbox destroy\` cancels it`;
    try {
      if (!wait) {
        await workflow.start<SandboxWorkflow>(SANDBOX_WORKFLOW, options);
        return null;
      }
      return await this.waiting.answered(late, () =>
        workflow.executeUpdateWithStart<SandboxWorkflow, SandboxView, []>(UPDATES.ready, {
          updateId: UPDATES.ready,
          startWorkflowOperation: new WithStartWorkflowOperation<SandboxWorkflow>(
            SANDBOX_WORKFLOW,
            options,
          ),
        }),
      );
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) throw await this.endOf(sandboxId);
      throw asTemporalError(error, late);
    }
  }

  /** The reason why a workflow has ended. */
  private async endOf(sandboxId: SandboxId): Promise<Error> {
    try {
      const { failure } = await this.temporal.client.workflow
        .getHandle<SandboxWorkflow>(workflowId(sandboxId))
        .result();
      // A refused create ends its workflow with the refusal as the result.
      if (failure !== null) {
        const { code, message, hint, lacks } = failure;
        return new SandboxError(code, message, {
          hint,
          ...(lacks === undefined ? {} : { details: { lacks } }),
        });
      }
    } catch (error) {
      return isEnd(error) ? ended(sandboxId, error) : asTemporalError(error, IN_PROGRESS);
    }
    return new SandboxError(
      'SANDBOX_007',
      `sandbox ${sandboxId} has been destroyed; an id is used once`,
    );
  }

  /** Any change that returns the sandbox alone. */
  update(
    command: Command<'registerGuild'> | Command<'unregisterGuild'> | Command<'reset'>,
  ): Promise<SandboxView> {
    return this.send<SandboxView>(command);
  }

  extend(command: Command<'extend'>): Promise<ExtendedView> {
    return this.send<ExtendedView>(command);
  }

  /**
   * Returns once `destroying` is written. All callers share one update, because a run accepts ten
   * updates at once. If the server has no room for one, a signal is sent, and the call returns once
   * Temporal has the signal.
   */
  async destroy(command: Command<'destroy'>): Promise<void> {
    try {
      await this.send({ ...command, commandId: UPDATES.destroy });
    } catch (error) {
      if (!isResourceExhausted(error)) throw error;
      const handle = this.temporal.client.workflow.getHandle(workflowId(command.sandboxId));
      await handle.signal<[Command<'destroy'>]>('destroy', this.signed(command));
    }
  }

  /** Resolves when the workflow has ended, with any result. */
  async waitUntilEnded(sandboxId: SandboxId): Promise<void> {
    try {
      await this.temporal.client.workflow.getHandle(workflowId(sandboxId)).result();
    } catch (error) {
      // A failed create ends as failed. An unknown workflow ended long ago.
      const known =
        error instanceof Error && (error.name === 'WorkflowFailedError' || isGone(error));
      if (!known) throw asTemporalError(error, IN_PROGRESS);
    }
  }

  sweep(input: SweepInput): Promise<SweepReport> {
    const { workflow } = this.temporal.client;
    const options = sweepStart(input, this.taskQueue);
    return this.shared(IN_PROGRESS, workflow.start<typeof sweepWorkflow>('sweepWorkflow', options));
  }

  /** One look by a worker. @throws SANDBOX_009 after 10 s at most */
  inspect(sandboxId: SandboxId): Promise<Inspected> {
    const { connection, client } = this.temporal;
    const options = healthStart(sandboxId, this.taskQueue);
    return connection.withDeadline(Date.now() + HEALTH_MS, () => {
      const look = client.workflow.start<typeof healthWorkflow>('healthWorkflow', options);
      return this.shared('the parts are unknown', look);
    });
  }

  /** The result of a workflow that callers share. */
  private async shared<T>(
    consequence: string,
    starting: Promise<{ result(): Promise<T> }>,
  ): Promise<T> {
    try {
      return await this.waiting.whileServed(consequence, (await starting).result());
    } catch (error) {
      throw asTemporalError(error, consequence);
    }
  }

  /** RUNNING, COMPLETED, …; null if Temporal does not know the workflow. */
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

  /** A create in progress, from Temporal; null if there is none. */
  async begun(sandboxId: SandboxId): Promise<BegunCreate | null> {
    try {
      const { status, memo, startTime, typedSearchAttributes } = await this.temporal.client.workflow
        .getHandle(workflowId(sandboxId))
        .describe();
      if (status.name !== 'RUNNING') return null;
      return {
        ...{ sandboxId, owner: parseOwner(memo?.owner), name: parseSandboxName(memo?.name) },
        guildIds: parseGuildIds(typedSearchAttributes.get(ATTRIBUTES.guilds) ?? []),
        ttlMs: typeof memo?.ttlMs === 'number' ? memo.ttlMs : null,
        ...(typeof memo?.template === 'string'
          ? { template: parseTemplateName(memo.template) }
          : {}),
        createdAt: startTime,
      };
    } catch (error) {
      if (isGone(error)) return null;
      throw asTemporalError(error, IN_PROGRESS);
    }
  }

  /** @throws SANDBOX_010 without a key */
  signedInput<T>(purpose: string, input: T): SignedInput<T> {
    return signInput(this.key(), purpose, input, Date.now());
  }

  /** The outcome of a workflow that this process has started. @throws as `Waiting.whileServed` */
  whileServed<T>(consequence: string, work: Promise<T>): Promise<T> {
    return this.waiting.whileServed(consequence, work);
  }

  private signed = <C extends Command>(command: C): SignedCommand<C> =>
    signCommand(this.key(), command, Date.now());

  private key(): string {
    if (this.actorKey !== null) return this.actorKey;
    throw new SandboxError('SANDBOX_010', 'this process holds no key to sign a change with', {
      hint: MISSING_SUBKEYS,
    });
  }

  private async send<T>(command: Command): Promise<T> {
    const { sandboxId, action, commandId } = command;
    const args: [Command] = [this.signed(command)];
    const handle = this.temporal.client.workflow.getHandle(workflowId(sandboxId));
    try {
      return await this.waiting.answered(IN_PROGRESS, () =>
        handle.executeUpdate<T, [Command]>(action, { args, updateId: commandId }),
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

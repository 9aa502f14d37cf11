/** Replays histories with the shipped bundle. A sandbox whose history does not replay is stuck. */
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { workflowId, type SandboxId } from '../../domain/names.js';
import { projectRoot } from '../../platform/project-root.js';
import type { TemporalClient } from '../../platform/temporal.js';

const BUNDLE = join(projectRoot(), 'dist/workflow-bundle.js');

export interface NamedHistory {
  readonly workflowId: string;
  readonly history: unknown;
}

let tail: Promise<unknown> = Promise.resolve();

/**
 * For each workflow id, the reason why today's workflow code does not replay its history. Calls run
 * one after the other: the SDK shuts down its runtime with the last worker, even while another call
 * starts one.
 */
export function replayFailures(
  histories: Iterable<NamedHistory> | AsyncIterable<NamedHistory>,
): Promise<Record<string, string>> {
  const turn = tail.then(() => replay(histories));
  tail = turn.catch(() => undefined);
  return turn;
}

async function replay(
  histories: Iterable<NamedHistory> | AsyncIterable<NamedHistory>,
): Promise<Record<string, string>> {
  const failures: Record<string, string> = {};
  const options = { workflowBundle: { codePath: BUNDLE } };
  for await (const { workflowId: id, error } of Worker.runReplayHistories(options, histories))
    if (error !== undefined) failures[id] = error.message;
  return failures;
}

/** The newest run of each sandbox's workflow, from the server. */
export async function* historiesOf(
  temporal: TemporalClient,
  sandboxIds: readonly SandboxId[],
): AsyncGenerator<NamedHistory> {
  for (const sandboxId of sandboxIds) {
    const id = workflowId(sandboxId);
    yield { workflowId: id, history: await temporal.client.workflow.getHandle(id).fetchHistory() };
  }
}

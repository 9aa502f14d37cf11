/** Replays what workers have written with the bundle that is shipped: a history that does not replay is a sandbox that is stuck for good. */
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
 * By workflow id, why today's workflow code would not have written its history; empty where it would. One call after the
 * other: the SDK ends its runtime with its last worker, under one that another call is just making.
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

/** The newest run of each sandbox's workflow, as the server holds it. */
export async function* historiesOf(
  temporal: TemporalClient,
  sandboxIds: readonly SandboxId[],
): AsyncGenerator<NamedHistory> {
  for (const sandboxId of sandboxIds) {
    const id = workflowId(sandboxId);
    yield { workflowId: id, history: await temporal.client.workflow.getHandle(id).fetchHistory() };
  }
}

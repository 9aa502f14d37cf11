/** Replays what workers have written with the bundle that is shipped: a history that does not replay is a sandbox that is stuck for good. */
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import type { SandboxId } from '../../domain/names.js';
import { workflowId } from '../../domain/names.js';
import type { TemporalClient } from '../../platform/temporal.js';

const BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));

export interface NamedHistory {
  readonly workflowId: string;
  readonly history: unknown;
}

/** By workflow id, why today's workflow code would not have written its history; empty where it would. */
export async function replayFailures(
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

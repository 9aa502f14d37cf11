/**
 * Worker versioning: the build of the workflows that this worker runs, for a rolling deploy
 * (docs/lifecycle.md).
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { WorkerOptions } from '@temporalio/worker';
import type { Config } from '../platform/config.js';

/**
 * Off without a deployment's name: a versioned worker gets no task until an operator makes its
 * version current. AUTO_UPGRADE: a sandbox sleeps for up to 30 days, and a pinned one would keep
 * its old worker alive that long. Changes of workflow code use patches instead.
 */
export async function deploymentOf(
  { deployment, buildId }: Pick<Config, 'deployment' | 'buildId'>,
  bundle: string,
): Promise<Pick<WorkerOptions, 'workerDeploymentOptions'>> {
  if (deployment === undefined) return {};
  const digest = async (): Promise<string> =>
    createHash('sha256')
      .update(await readFile(bundle))
      .digest('hex')
      .slice(0, 12);
  const version = { deploymentName: deployment, buildId: buildId ?? (await digest()) };
  return {
    workerDeploymentOptions: {
      version,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}

/** A worker that takes guilds only where they are granted, beside the run's own worker, which takes any. */
import { NativeConnection, Worker } from '@temporalio/worker';
import pino from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { lifecycleMetrics } from '../../activities/metrics.js';
import { sandboxActivities } from '../../activities/sandbox-activities.js';
import { projectRoot } from '../../platform/project-root.js';
import { guardGrants } from '../../workers/grant-guard.js';
import { openWorkerParts } from './resources.js';
import { stackConfig, stackState } from './stack.js';
import { openRunTemporal } from './temporal.js';

/** With its guard of grants; both end with the test. */
export async function startGrantedWorker(taskQueue: string): Promise<void> {
  const parts = await openWorkerParts();
  const { database } = parts;
  const log = pino({ level: 'silent' });
  const connection = await NativeConnection.connect({ address: stackState().temporal.address });
  const worker = await Worker.create({
    ...{ connection, taskQueue },
    workflowBundle: { codePath: `${projectRoot()}/dist/workflow-bundle.js` },
    activities: sandboxActivities({
      ...{ database, resources: parts.resources(), routes: parts.routes(), log },
      ...{ policy: stackConfig().policy, guildPolicy: 'granted' },
      metrics: lifecycleMetrics(new Registry()),
    }),
  });
  const running = worker.run();
  const { client } = await openRunTemporal();
  const guard = guardGrants({ database, client, log });
  onTestFinished(async () => {
    guard.close();
    worker.shutdown();
    await running;
    await connection.close();
  });
}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowId } from '../../../domain/names.js';
import { projectRoot } from '../../../platform/project-root.js';
import { openTemporal, type TemporalClient } from '../../../platform/temporal.js';
import { startOwnTemporal, stop, type OwnTemporal } from '../../support/own-temporal.js';
import { openClient, someGuild, someOwner, until } from '../../support/stack.js';

const DEPLOYMENT = 'sandboxes';

let own: OwnTemporal;
let temporal: TemporalClient;

beforeAll(async () => {
  own = await startOwnTemporal();
  temporal = await openTemporal(own.address, 'default');
});

afterAll(async () => {
  await temporal.close();
  await own.close();
});

/**
 * Does the same as `temporal worker deployment set-current-version`, as soon as the server knows
 * the version.
 */
async function makeCurrent(buildId: string): Promise<void> {
  await until(`${buildId} is the current version`, () =>
    temporal.connection.workflowService
      .setWorkerDeploymentCurrentVersion({
        namespace: 'default',
        deploymentName: DEPLOYMENT,
        buildId,
        ignoreMissingTaskQueues: true,
      })
      .then(
        () => true,
        () => false,
      ),
  );
}

async function digestOfBundle(): Promise<string> {
  const bundle = await readFile(join(projectRoot(), 'dist/workflow-bundle.js'));
  return createHash('sha256').update(bundle).digest('hex').slice(0, 12);
}

/** The builds that have completed the workflow's tasks, in order. */
async function buildsOf(sandboxId: string): Promise<string[]> {
  const { events } = await temporal.client.workflow
    .getHandle(workflowId(sandboxId as never))
    .fetchHistory();
  const builds = (events ?? []).map(
    (event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId ?? '',
  );
  return [...new Set(builds.filter((build) => build !== ''))];
}

describe('a rolling deploy', () => {
  it('passes running sandboxes to the new build, which ends them', async () => {
    const client = openClient({ ...own.env, SANDBOX_OWNER: someOwner() });
    const old = await own.startWorker({ SANDBOX_DEPLOYMENT: DEPLOYMENT, SANDBOX_BUILD_ID: 'one' });
    await makeCurrent('one');
    const sandbox = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    // A build without a name has the digest of its workflows as name.
    const two = await digestOfBundle();
    await own.startWorker({ SANDBOX_DEPLOYMENT: DEPLOYMENT });
    await makeCurrent(two);
    await stop(old);
    expect((await client.extend(sandbox.id, '1h')).clamped).toBe(false);
    await client.destroy(sandbox.id);
    expect((await client.waitUntilDestroyed(sandbox.id)).status).toBe('destroyed');
    expect(await buildsOf(sandbox.id)).toEqual(['one', two]);
  });
});

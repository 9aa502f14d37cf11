/**
 * A new resource is one folder and one line: this one is a list of files on a server of its own (here a table). Its steps run
 * in the workflow that is shipped, which knows nothing of it, and its removal outlives the destroy.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import pino from 'pino';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { lifecycleMetrics } from '../../../activities/metrics.js';
import { sandboxActivities } from '../../../activities/sandbox-activities.js';
import { findOrphanedResources } from '../../../activities/sweep-activities.js';
import { credentialsOf, identifiersOf, sandboxVariables } from '../../../control/environment.js';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import { projectRoot } from '../../../platform/project-root.js';
import { openInspectors, RESOURCE_KINDS, Resources } from '../../../resources/index.js';
import { FOLLOW_UP, type ResourceKind } from '../../../resources/resource.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openWorkerParts } from '../../support/resources.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someOwner,
  stackConfig,
  stackState,
} from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';

const table = 'example_files';
const sql = (): ReturnType<typeof openAdmin> => openAdmin();

/** Everything that a resource is. */
const files: ResourceKind = {
  name: 'example-files',
  servers: ['postgres'],
  kinds: ['example-folder'],
  variables: {
    FILES_FOLDER: { meaning: 'Where its files are', example: 'sb0123456789', secret: false },
    FILES_URL: { meaning: 'The same, with a key', example: 'files://a:…@host', secret: true },
  },
  limits: [{ what: 'files', limit: '1,000,000', raisable: false }],
  identifiers: (sandboxId) => ({ FILES_FOLDER: sandboxId }),
  credentials: ({ sandboxId, rotation }) => ({ FILES_URL: `files://${sandboxId}:k${rotation}@h` }),
  open() {
    const finishRemoval = async (sandboxId: SandboxId): Promise<void> => {
      await sql().unsafe(`DELETE FROM ${table} WHERE id = $1`, [sandboxId]);
    };
    const ensure = async ({ sandboxId, rotation }: { sandboxId: SandboxId; rotation: number }) => {
      await sql().unsafe(
        `INSERT INTO ${table} VALUES ($1, $2, 'made') ON CONFLICT (id) DO UPDATE SET rotation = $2`,
        [sandboxId, rotation],
      );
    };
    return {
      ensure,
      reset: ensure,
      async revoke(sandboxId) {
        await sql().unsafe(`UPDATE ${table} SET state = 'revoked' WHERE id = $1`, [sandboxId]);
      },
      // A million files: the destroy does not wait for them.
      remove: () => Promise.resolve(FOLLOW_UP),
      finishRemoval,
      async list() {
        const rows = await sql().unsafe<{ id: string }[]>(`SELECT id FROM ${table}`);
        const mark = { installation: 'i', createdAt: new Date(0) };
        return rows.map(({ id }) => ({
          ...{ kind: 'example-folder', name: id, sandboxId: parseSandboxId(id), ...mark },
        }));
      },
      removeOrphan: ({ sandboxId }) => finishRemoval(sandboxId),
    };
  },
  inspector:
    () =>
    async ({ sandboxId }) => {
      const rows = await sql().unsafe(`SELECT 1 FROM ${table} WHERE id = $1`, [sandboxId]);
      return rows.length === 1
        ? { state: 'ok', detail: 'folder present' }
        : { state: 'missing', detail: 'no folder' };
    },
};
const kinds = [...RESOURCE_KINDS, files];

async function stateOf(id: string): Promise<readonly Record<string, unknown>[]> {
  return sql().unsafe(`SELECT state, rotation FROM ${table} WHERE id = $1`, [id]);
}

/** The product's worker, but for its list of resources. */
async function startWorker(taskQueue: string) {
  const parts = await openWorkerParts();
  const resources = new Resources(parts, kinds);
  const connection = await NativeConnection.connect({ address: stackState().temporal.address });
  const worker = await Worker.create({
    ...{ connection, taskQueue },
    workflowBundle: { codePath: `${projectRoot()}/dist/workflow-bundle.js` },
    activities: sandboxActivities({
      ...{ database: parts.database, resources, routes: parts.routes() },
      policy: stackConfig({ SANDBOX_MIN_TTL: '1s' }).policy,
      guildPolicy: 'any',
      metrics: lifecycleMetrics(new Registry()),
      log: pino({ level: 'silent' }),
    }),
  });
  const running = worker.run();
  onTestFinished(async () => {
    worker.shutdown();
    await running;
    await connection.close();
  });
  return { parts, resources };
}

it('lives and ends with its sandbox, and nothing else changes', async () => {
  await sql().unsafe(
    `CREATE TABLE ${table} (id text PRIMARY KEY, rotation integer NOT NULL, state text NOT NULL)`,
  );
  onTestFinished(async () => {
    await sql().unsafe(`DROP TABLE ${table}`);
  });
  const taskQueue = `example-${someOwner()}`;
  const { parts, resources } = await startWorker(taskQueue);
  const client = openClient({ SANDBOX_OWNER: someOwner(), SANDBOX_TASK_QUEUE: taskQueue });
  const sandbox = await client.create({ ttl: '1h', guildIds: [someGuild()] });
  const id = parseSandboxId(sandbox.id);
  expect(await stateOf(id)).toEqual([{ state: 'made', rotation: 0 }]);

  // Its check, its variables.
  const inspecting = {
    ...{ database: parts.database, natsAccount: parts.natsAccount, redisAcl: true },
    redis: () => Promise.resolve(parts.redis),
    nats: () => Promise.resolve(parts.nats),
    installation: () => Promise.resolve(parts.installation),
  };
  const target = { sandboxId: id, rotation: 0, createdAt: new Date(sandbox.createdAt) };
  const checks = openInspectors(inspecting, kinds).map(async (inspector) => [
    inspector.name,
    (await inspector.inspect(target)).state,
  ]);
  expect(await Promise.all(checks)).toEqual(kinds.map(({ name }) => [name, 'ok']));
  expect(Object.keys(sandboxVariables(kinds))).toEqual(
    expect.arrayContaining(['FILES_FOLDER', 'FILES_URL', 'DATABASE_URL']),
  );
  const row = { sandboxId: id, rotation: 0, guildIds: [] };
  expect(identifiersOf(row, kinds)).toMatchObject({ FILES_FOLDER: id, SANDBOX_ID: id });
  const credentials = credentialsOf(
    row,
    { ...stackState().urls.client, temporal: '' },
    's',
    { redisAcl: true },
    kinds,
  );
  expect(credentials.FILES_URL).toBe(`files://${id}:k0@h`);

  await client.reset(sandbox.id);
  expect(await stateOf(id)).toEqual([{ state: 'made', rotation: 1 }]);

  await client.destroy(sandbox.id);
  await client.waitUntilDestroyed(id);
  const { client: temporal } = await openRunTemporal();
  const removal = temporal.workflow.getHandle(`sandbox-removal-${files.name}-${id}`);
  await removal.result();
  expect(await stateOf(id)).toEqual([]);
  expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  // What no row owns is swept like any other.
  await sql().unsafe(`INSERT INTO ${table} VALUES ($1, 0, 'made')`, [id]);
  const orphans = await findOrphanedResources({
    ...{ database: parts.database, resources, routes: parts.routes() },
    ...{ installation: 'i', graceMs: 0 },
  });
  const own = orphans.find(({ kind }) => kind === 'example-folder');
  expect(own?.owner.name).toBe(files.name);
  if (own !== undefined) await own.owner.removeOrphan(own);
  expect(await stateOf(id)).toEqual([]);
});

/** Runs the baseline's worker in this process, with the product's servers and settings. */
import { WithStartWorkflowOperation } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { passwordFor, scramVerifier } from '../../platform/credentials.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { parseSandboxId } from '../../domain/names.js';
import type { StackState } from '../../platform/stack-file.js';
import type { TemporalClient } from '../../platform/temporal.js';
import type { BareActivities, bareWorkflow } from './bare-workflow.js';

export interface Bare {
  /** The DDL alone, without Temporal. */
  ddl(sandboxId: string): Promise<void>;
  drop(sandboxId: string): Promise<void>;
  create(sandboxId: string): Promise<void>;
  destroy(sandboxId: string): Promise<void>;
  close(): Promise<void>;
}

const TASK_QUEUE = 'bench-bare';

export async function openBare(stack: StackState, temporal: TemporalClient): Promise<Bare> {
  const sql = openPostgres(stack.urls.worker.database, { name: 'bench', max: 20 });
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  Runtime.install({ shutdownSignals: [], logger: quiet });
  const activities: BareActivities = {
    async ddl(sandboxId) {
      await sql`INSERT INTO sandboxes (id, name, owner, expires_at)
        VALUES (${sandboxId}, ${`bare-${sandboxId}`}, 'bench', now() + interval '1h')
        ON CONFLICT DO NOTHING`;
      const of = { sandboxId: parseSandboxId(sandboxId), rotation: 0 };
      const verifier = await scramVerifier(passwordFor('x'.repeat(32), 'postgres', of));
      await sql`SELECT provision_sandbox(${sandboxId}, ${verifier})`;
    },
    // Temporal may run a local activity again, although it has succeeded: a destroyed row stays so.
    async drop(sandboxId) {
      await sql`UPDATE sandboxes SET status = 'destroying'
        WHERE id = ${sandboxId} AND status <> 'destroyed'`;
      await sql`SELECT drop_sandbox_objects(${sandboxId}, 200)`;
      await sql`SELECT drop_sandbox_schema(${sandboxId})`;
      await sql`UPDATE sandboxes SET status = 'destroyed' WHERE id = ${sandboxId}`;
    },
  };
  const connection = await NativeConnection.connect({ address: stack.temporal.address });
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    activities,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./bare-workflow.js', import.meta.url)),
      logger: quiet,
    }),
  });
  const running = worker.run();
  const { workflow } = temporal.client;
  return {
    ddl: (sandboxId) => activities.ddl(sandboxId),
    drop: (sandboxId) => activities.drop(sandboxId),
    create: async (sandboxId) => {
      await workflow.executeUpdateWithStart('ready', {
        startWorkflowOperation: new WithStartWorkflowOperation<typeof bareWorkflow>(
          'bareWorkflow',
          {
            workflowId: `bare-${sandboxId}`,
            taskQueue: TASK_QUEUE,
            args: [sandboxId],
            workflowIdConflictPolicy: 'USE_EXISTING',
          },
        ),
      });
    },
    destroy: async (sandboxId) => {
      await workflow.getHandle(`bare-${sandboxId}`).executeUpdate('end');
    },
    close: async () => {
      worker.shutdown();
      await running;
      await connection.close();
      await closePostgres(sql);
    },
  };
}

/** `/readyz` of the worker: asks every server. */
import type { Worker } from '@temporalio/worker';
import { messageOf } from '../domain/errors.js';
import { withDeadline } from '../platform/deadline.js';
import type { Health } from '../platform/metrics-server.js';
import type { WorkerConnections } from './connections.js';

const DEADLINE_MS = 2_000;

export async function workerHealth(
  { database, redis, nats, client }: WorkerConnections,
  workerState: ReturnType<Worker['getState']>,
): Promise<Health> {
  const checks: Record<string, () => Promise<unknown>> = {
    postgres: () => database.sql`SELECT 1`,
    redis: () => redis.ping(),
    nats: () => nats.rtt(),
    temporal: () => client.workflowService.getSystemInfo({}),
  };
  const detail: Record<string, string> = { worker: workerState };
  await Promise.all(
    Object.entries(checks).map(async ([name, ask]) => {
      detail[name] = await withDeadline(ask(), DEADLINE_MS, name).then(() => 'ok', messageOf);
    }),
  );
  const { worker: state, ...servers } = detail;
  return {
    ok: state === 'RUNNING' && Object.values(servers).every((text) => text === 'ok'),
    detail,
  };
}

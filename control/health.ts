/**
 * `status`: the row, the expiry and the workflow, and each server's answer. It works while any of
 * them is down. `bd` asks the servers itself, the API asks a worker (docs/decisions/0040).
 */
import { inspectOnServers } from '../activities/inspection.js';
import { messageOf } from '../domain/errors.js';
import { doubtOf } from '../domain/expiry.js';
import type { Check, Inspected, SandboxHealth } from '../domain/health.js';
import type { SandboxId } from '../domain/names.js';
import { describeSandbox } from '../domain/sandbox.js';
import { isLive } from '../domain/status.js';
import { withDeadline } from '../platform/deadline.js';
import { natsAccountOf, natsApiPrefixOf } from '../platform/nats-authority.js';
import type { InspectingContext } from '../resources/index.js';
import { installationId, type SandboxRecord } from '../store/sandboxes.js';
import type { Connections } from './connections.js';

const CHECK_MS = 4_000;
/** A worker ends its look in 3.5 s (activities/inspection.ts), and the API answers within 5. */
const WORKER_MS = 4_500;
const WORKER = 'worker';

export async function checkHealth(
  connections: Connections,
  row: SandboxRecord,
): Promise<SandboxHealth> {
  if (row.status === 'destroyed') return nothingLeft(row);
  const { role } = connections;
  const [servers, workflow] = await Promise.all([
    role === 'api'
      ? inspectByWorker(connections, row.sandboxId)
      : inspectOnServers(contextOf(connections), row),
    checkWorkflow(connections, row.sandboxId),
  ]);
  const checks = [workflow, ...expiryCheck(row), ...servers.checks];
  return {
    sandbox: describeSandbox(row),
    health: healthOf(row, workflow, checks.slice(1)),
    checks,
    expiresInMs: isLive(row.status) ? Math.max(0, row.expiresAt.getTime() - Date.now()) : 0,
    lastEventAt: servers.lastEventAt,
    eventsWaiting: servers.eventsWaiting,
    cleanupError: row.cleanupError,
  };
}

const nothingLeft = (row: SandboxRecord): SandboxHealth => ({
  ...{ sandbox: describeSandbox(row), health: null, checks: [], expiresInMs: 0 },
  ...{ lastEventAt: null, eventsWaiting: null, cleanupError: null },
});

/** Empty for a valid expiry. A sandbox with an invalid expiry lives on; this check reports it. */
function expiryCheck({ status, createdAt, expiresAt }: SandboxRecord): Check[] {
  const times = { createdAt: createdAt.getTime(), expiresAt: expiresAt.getTime() };
  const doubt = status === 'running' ? doubtOf({ ...times, now: Date.now() }) : null;
  return doubt === null ? [] : [{ name: 'expiry', state: 'error', detail: `${doubt}: extend it` }];
}

/**
 * Healthy: every check is good. Unhealthy: several checks fail, or the sandbox has no running
 * workflow.
 */
function healthOf(
  { status, cleanupError }: SandboxRecord,
  workflow: Check,
  others: readonly Check[],
): 'healthy' | 'degraded' | 'unhealthy' {
  if (workflow.state === 'missing') return 'unhealthy';
  // During a clean-up, a missing part is as it should be.
  const ending = status === 'destroying' || status === 'expired';
  // A worker is asked through Temporal: if that does not answer, it is one fault.
  const known = workflow.state === 'error' ? others.filter((c) => c.name !== WORKER) : others;
  const failed = (ending ? [workflow] : [workflow, ...known]).filter((c) => c.state !== 'ok');
  const wrong = failed.length + (ending && cleanupError !== null ? 1 : 0);
  return wrong === 0 ? 'healthy' : wrong === 1 ? 'degraded' : 'unhealthy';
}

async function checkWorkflow(connections: Connections, sandboxId: SandboxId): Promise<Check> {
  const asking = connections.lifecycle().then((lifecycle) => lifecycle.workflowStatus(sandboxId));
  try {
    const status = await withDeadline(asking, CHECK_MS, 'Temporal');
    if (status === 'RUNNING') return { name: 'workflow', state: 'ok', detail: 'running' };
    return {
      name: 'workflow',
      state: 'missing',
      detail:
        status === null ? 'Temporal knows no such workflow' : `ended: ${status.toLowerCase()}`,
    };
  } catch (error) {
    return { name: 'workflow', state: 'error', detail: messageOf(error) };
  }
}

/** Without an answer one check, `worker`, takes the place of all: nothing is known of the others. */
async function inspectByWorker(connections: Connections, sandboxId: SandboxId): Promise<Inspected> {
  const looking = connections.lifecycle().then((lifecycle) => lifecycle.inspect(sandboxId));
  try {
    return await withDeadline(looking, WORKER_MS, 'A worker');
  } catch (error) {
    const worker: Check = { name: WORKER, state: 'error', detail: messageOf(error) };
    return { checks: [worker], lastEventAt: null, eventsWaiting: null };
  }
}

function contextOf(connections: Connections): InspectingContext {
  const { database, config, addresses } = connections;
  const natsApiPrefix = natsApiPrefixOf(addresses.nats);
  return {
    database,
    redis: () => connections.redis(),
    nats: () => connections.nats(),
    installation: () => installationId(database),
    natsAccount: natsAccountOf(addresses.nats),
    redisAcl: config.redisAcl,
    ...(natsApiPrefix === undefined ? {} : { natsApiPrefix }),
  };
}

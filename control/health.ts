/** `status`: asks every server about its part of a sandbox. It works while any of them is down. */
import { messageOf, namesOf } from '../domain/errors.js';
import { doubtOf } from '../domain/expiry.js';
import type { Check, SandboxHealth } from '../domain/health.js';
import { describeSandbox } from '../domain/sandbox.js';
import { isLive } from '../domain/status.js';
import { withDeadline } from '../platform/deadline.js';
import { natsAccountOf, natsApiPrefixOf } from '../platform/nats-authority.js';
import { openInspectors, type Inspector } from '../resources/index.js';
import { inspectRoutes } from '../routes/inspect.js';
import { ROUTES, ROUTE_SERVERS } from '../routes/routes.js';
import { installationId, type SandboxRecord } from '../store/sandboxes.js';
import type { Connections } from './connections.js';

const CHECK_MS = 4_000;

export async function checkHealth(
  connections: Connections,
  row: SandboxRecord,
  workflowStatus: () => Promise<string | null>,
): Promise<SandboxHealth> {
  if (row.status === 'destroyed') return nothingLeft(row);
  const [servers, workflow] = await Promise.all([
    checkServers(connections, row),
    checkWorkflow(workflowStatus),
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
  const failed = (ending ? [workflow] : [workflow, ...others]).filter((c) => c.state !== 'ok');
  const wrong = failed.length + (ending && cleanupError !== null ? 1 : 0);
  return wrong === 0 ? 'healthy' : wrong === 1 ? 'degraded' : 'unhealthy';
}

async function checkWorkflow(workflowStatus: () => Promise<string | null>): Promise<Check> {
  try {
    const status = await withDeadline(workflowStatus(), CHECK_MS, 'Temporal');
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

async function checkServers(
  connections: Connections,
  row: SandboxRecord,
): Promise<Pick<SandboxHealth, 'lastEventAt' | 'eventsWaiting'> & { checks: Check[] }> {
  let lastEventAt: string | null = null;
  let eventsWaiting: number | null = null;
  const checks = await Promise.all(
    inspectorsOf(connections).map(async (inspector): Promise<Check> => {
      const { name, servers } = inspector;
      try {
        const inspected = withDeadline(inspector.inspect(row), CHECK_MS, namesOf(servers));
        const { state, detail, facts } = await inspected;
        if (facts?.waiting !== undefined) eventsWaiting = Number(facts.waiting);
        if (typeof facts?.lastEventAt === 'string') lastEventAt = facts.lastEventAt;
        return { name, state, detail };
      } catch (error) {
        return { name, state: 'error', detail: messageOf(error) };
      }
    }),
  );
  return { checks, lastEventAt, eventsWaiting };
}

/**
 * For every resource and the routes. Each opens its own connections, so one outage does not hide
 * the others' answers.
 */
function inspectorsOf(connections: Connections): Inspector[] {
  const { database, config, addresses } = connections;
  const natsApiPrefix = natsApiPrefixOf(addresses.nats);
  const context = {
    database,
    redis: () => connections.redis(),
    nats: () => connections.nats(),
    installation: () => installationId(database),
    natsAccount: natsAccountOf(addresses.nats),
    redisAcl: config.redisAcl,
    ...(natsApiPrefix === undefined ? {} : { natsApiPrefix }),
  };
  const routes: Inspector = {
    name: ROUTES,
    servers: ROUTE_SERVERS,
    inspect: (target) => inspectRoutes(context, target),
  };
  return [...openInspectors(context), routes];
}

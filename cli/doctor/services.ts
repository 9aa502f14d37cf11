/** Checks of everything beside the servers: Temporal and its schedule, workers, routers. */
import { SWEEP_SCHEDULE_ID } from '../../domain/sweep.js';
import { z } from 'zod';
import { formatRough } from '../../domain/duration.js';
import { messageOf } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { isServerName } from '../../deploy/stack/service.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { natsApiPrefixOf } from '../../platform/nats-authority.js';
import { livingMembers, routerBucket } from '../../routing/router-bucket.js';
import { openTemporal, taskQueueFacts, type TemporalClient } from '../../platform/temporal.js';
import { failed, ok, unknown, version, warning, type Finding } from './check.js';

const memberShape = z.object({ role: z.enum(['writer', 'standby']), version: z.number() });

export async function askTemporal(address: string, config: Config): Promise<readonly Finding[]> {
  const from = Date.now();
  const temporal = await openTemporal(address, config.namespace, config.temporalSecurity);
  try {
    const { serverVersion } = await temporal.client.workflowService.getSystemInfo({});
    const answered = ok('temporal', `answers in ${Date.now() - from} ms`);
    const namespace = await askNamespace(temporal, config.namespace);
    const rest =
      namespace.state === 'ok'
        ? await Promise.all([askSchedule(temporal), askWorkers(temporal, config)])
        : [
            unknown('sweep schedule', 'temporal permission'),
            unknown('worker', 'temporal permission'),
          ];
    return [answered, version('temporal', serverVersion, [1, 28]), namespace, ...rest];
  } finally {
    await temporal.close();
  }
}

async function askNamespace({ client }: TemporalClient, namespace: string): Promise<Finding> {
  try {
    await client.workflowService.describeNamespace({ namespace });
    return ok('temporal permission', `sees namespace ${namespace}`);
  } catch (error) {
    return failed(
      'temporal permission',
      messageOf(error),
      'Check TEMPORAL_NAMESPACE, and the credentials for it.',
    );
  }
}

async function askSchedule({ client }: TemporalClient): Promise<Finding> {
  const name = 'sweep schedule';
  try {
    const { state, info } = await client.schedule.getHandle(SWEEP_SCHEDULE_ID).describe();
    if (state.paused) {
      return failed(
        name,
        `is paused: ${state.note ?? 'no note'}`,
        `Unpause schedule ${SWEEP_SCHEDULE_ID} in the Temporal Web UI.`,
      );
    }
    const next = info.nextActionTimes[0];
    if (next === undefined) return failed(name, 'has no next time', 'Run `bd migrate`.');
    return ok(name, `next in ${formatRough(next.getTime() - Date.now())}`);
  } catch (error) {
    return failed(name, messageOf(error), 'Run `bd migrate`.');
  }
}

async function askWorkers(temporal: TemporalClient, config: Config): Promise<Finding> {
  const { taskQueue } = config;
  const { polls: seen } = await taskQueueFacts(temporal, taskQueue);
  const remedy = 'Start one: `bd worker`, or `bd dev restart worker`.';
  if (seen.length === 0)
    return failed('worker', `none asks for work of task queue ${taskQueue}`, remedy);
  return ok('worker', `${seen.length} asking, the last ${formatRough(Math.min(...seen))} ago`);
}

export async function askRouters(url: string): Promise<readonly Finding[]> {
  const nc = await openNats(url, 'bd doctor');
  try {
    const bucket = routerBucket(nc, { apiPrefix: natsApiPrefixOf(url) });
    const alive = await livingMembers(bucket, memberShape);
    const writers = alive.filter(({ role }) => role === 'writer').length;
    const standbys = alive.length - writers;
    const remedy = 'Start one: `bd router`, or `bd dev restart router`.';
    if (alive.length === 0) return [failed('router', 'none is alive: events wait in RAW', remedy)];
    if (writers === 0) return [failed('router', 'none writes: events wait in RAW', remedy)];
    const text = `${writers} writer, ${standbys} standby, routes at version ${alive[0]?.version ?? 0}`;
    return [ok('router', text)];
  } finally {
    await closeNats(nc);
  }
}

/** Checks that the local stack's own processes are ready; nothing if no stack of ours runs. */
export async function askLocalStack(config: Config): Promise<readonly Finding[]> {
  const { wholeStatus } = await import('../../deploy/stack/index.js');
  const { services: all, troubles } = await wholeStatus(config);
  // The checks of each server cover servers of others.
  const foreign: readonly string[] = ['absent', 'external', 'unreachable'];
  const services = all.filter(({ state }) => !foreign.includes(state));
  const ill = services.filter(({ state }) => state !== 'running');
  const ownServers = services.filter(({ name }) => isServerName(name));
  // All servers belong to others and no supervisor runs, so worker and router are not ours either.
  if (ownServers.length === 0 && services.every(({ state }) => state === 'stopped')) return [];
  if (ill.length === services.length) {
    return [failed('local stack', `none runs in ${config.home}`, 'Start it: `bd dev up`.')];
  }
  const [trouble] = troubles;
  if (trouble !== undefined) {
    const remedy =
      'It continues by itself once there is room; `bd dev status` shows the waiting services.';
    return [(ill.length === 0 ? warning : failed)('local stack', troubles.join('; '), remedy)];
  }
  if (ill.length === 0) return [ok('local stack', services.map(({ name }) => name).join(', '))];
  const names = ill.map(({ name, state }) => `${name} is ${state}`).join(', ');
  const starting = ill.every(({ state }) => state === 'starting');
  const remedy = `Restart it: \`bd dev restart ${ill[0]?.name ?? 'worker'}\`.`;
  return [starting ? warning('local stack', names, remedy) : failed('local stack', names, remedy)];
}

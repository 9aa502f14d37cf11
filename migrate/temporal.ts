/** Creates the search attributes and the sweep's Schedule. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { SCHEDULED_SWEEP_WORKFLOW_ID, SWEEP_SCHEDULE_ID } from '../domain/sweep.js';
import { openTemporal, type TemporalClient } from '../platform/temporal.js';
import type { TemporalVariables } from '../platform/temporal-security.js';

/** `temporal.api.enums.v1.IndexedValueType`; its numbers are part of the API. */
const INDEXED_VALUE_TYPE: Readonly<Record<'KEYWORD' | 'DATETIME' | 'KEYWORD_LIST', number>> = {
  KEYWORD: 2,
  DATETIME: 6,
  KEYWORD_LIST: 7,
};

const GRPC_ALREADY_EXISTS = 6;

export interface TemporalWants {
  readonly namespace: string;
  readonly security: TemporalVariables;
  readonly sweepIntervalMs: number;
  readonly taskQueue: string;
}

/** Creates what is missing, and returns a line per change; `check` changes nothing. */
export async function migrateTemporal(
  address: string,
  wants: TemporalWants,
  { check = false } = {},
): Promise<string[]> {
  const temporal = await openTemporal(address, wants.namespace, wants.security);
  try {
    const attributes = await migrateSearchAttributes(temporal, wants.namespace, check);
    return [...attributes, ...(await migrateSchedule(temporal, wants, check))];
  } finally {
    await temporal.close();
  }
}

async function migrateSearchAttributes(
  { connection }: TemporalClient,
  namespace: string,
  check: boolean,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !(name in customAttributes));
  if (!check) {
    for (const [name, type] of missing) {
      try {
        await connection.operatorService.addSearchAttributes({
          namespace,
          searchAttributes: { [name]: INDEXED_VALUE_TYPE[type] },
        });
      } catch (error) {
        // Another migration was first.
        if ((error as { code?: number }).code !== GRPC_ALREADY_EXISTS) throw error;
      }
    }
  }
  return missing.map(
    ([name]) => `Temporal: search attribute ${name} ${check ? 'is missing' : 'created'}`,
  );
}

/**
 * One sweep at a time (SKIP). After an outage Temporal starts missed runs within the catch-up
 * window, by default a year: https://docs.temporal.io/schedule#catchup-window
 */
async function migrateSchedule(
  { client }: TemporalClient,
  { sweepIntervalMs: intervalMs, taskQueue }: TemporalWants,
  check: boolean,
): Promise<string[]> {
  const spec = { intervals: [{ every: intervalMs }] };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' } as const;
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'scheduledSweepWorkflow',
    workflowId: SCHEDULED_SWEEP_WORKFLOW_ID,
    taskQueue,
    args: [{ dryRun: false }],
  };
  const handle = client.schedule.getHandle(SWEEP_SCHEDULE_ID);
  try {
    const current = await handle.describe();
    const same =
      current.spec.intervals?.[0]?.every === intervalMs &&
      current.action.workflowType === action.workflowType &&
      current.action.taskQueue === taskQueue;
    if (same) return [];
    if (check) return [`Temporal: schedule ${SWEEP_SCHEDULE_ID} runs otherwise`];
    await handle.update((previous) => ({ ...previous, spec, policies, action }));
    return [`Temporal: schedule ${SWEEP_SCHEDULE_ID} updated`];
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
  if (check) return [`Temporal: schedule ${SWEEP_SCHEDULE_ID} is missing`];
  try {
    await client.schedule.create({ scheduleId: SWEEP_SCHEDULE_ID, spec, policies, action });
    return [`Temporal: schedule ${SWEEP_SCHEDULE_ID} created`];
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return [];
    throw error;
  }
}

/**
 * Connections to Temporal. The import costs about 300 ms: the CLI does it only for commands that
 * need it.
 */
import { Client, Connection } from '@temporalio/client';
import { temporalAddress } from './addresses/temporal.js';
import { withDeadline } from './deadline.js';
import { temporalFailure } from './temporal-refusal.js';
import { temporalSecurity, type TemporalVariables } from './temporal-security.js';
import { cannotUse } from './unreachable.js';

export interface TemporalClient {
  readonly client: Client;
  readonly connection: Connection;
  close(): Promise<void>;
}

/** A poll lasts at most a minute. A worker with an older last poll is gone. */
const POLL_MS = 70_000;
const WORKFLOW_TASKS = 1;

export interface TaskQueueFacts {
  /** Milliseconds since each worker's last poll; empty if none serves. */
  readonly polls: readonly number[];
  /** Workflow tasks that no worker has taken yet, as far as Temporal knows. */
  readonly backlog: number;
}

export async function taskQueueFacts(
  { client }: TemporalClient,
  taskQueue: string,
): Promise<TaskQueueFacts> {
  const { pollers, stats } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: WORKFLOW_TASKS,
    reportStats: true,
  });
  const polls = pollers
    .map(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000)
    .filter((ago) => ago < POLL_MS);
  return { polls, backlog: Number(stats?.approximateBacklogCount ?? 0) };
}

const HINT =
  'Check TEMPORAL_ADDRESS, and the certificates and the key that TEMPORAL_… variables name.';

/**
 * @param variables `temporalSecurity` of the configuration; none: no TLS, as in the local stack
 * @throws SANDBOX_009 within 5 s; SANDBOX_008 for invalid certificates
 */
export async function openTemporal(
  address: string,
  namespace: string,
  variables: TemporalVariables = {},
): Promise<TemporalClient> {
  const security = temporalSecurity(variables);
  const place = temporalAddress(address);
  try {
    const connection = await withDeadline(
      Connection.connect({ address: place, connectTimeout: '4s', ...security }),
      4_500,
      'Temporal',
    );
    return {
      connection,
      client: new Client({ connection, namespace }),
      close: () => connection.close(),
    };
  } catch (error) {
    throw cannotUse(
      'temporal',
      await temporalFailure(error, place, security),
      security.tls === undefined ? undefined : HINT,
    );
  }
}

/** A sandbox's durable pull consumer on ROUTED. */
import {
  AckPolicy,
  DeliverPolicy,
  nanos,
  type ConsumerConfig,
  type ConsumerInfo,
  type JetStreamManager,
  type NatsConnection,
} from 'nats';
import { consumerName, natsPrefix, type SandboxId } from '../../domain/names.js';
import { isRefusal } from '../../platform/nats-errors.js';
import { STREAMS } from '../../routing/subjects.js';
import type { Mark } from '../resource.js';

/** A stopping server may lose a request. After this time it is sent again. */
const API_MS = 2_000;
const ACK_WAIT_MS = 30_000;

/** The JetStream API of a connection, below the prefix that its account imports. */
export function openManager(nats: NatsConnection, apiPrefix?: string): Promise<JetStreamManager> {
  const prefix = apiPrefix === undefined ? {} : { apiPrefix };
  return nats.jetstreamManager({ checkAPI: false, timeout: API_MS, ...prefix });
}

/** Null if the server has none. */
export async function consumerInfo(
  jsm: JetStreamManager,
  sandboxId: SandboxId,
): Promise<ConsumerInfo | null> {
  try {
    return await jsm.consumers.info(STREAMS.routed, consumerName(sandboxId));
  } catch (error) {
    if (isRefusal(error, 'consumerNotFound')) return null;
    throw error;
  }
}

export interface NewConsumer {
  readonly sandboxId: SandboxId;
  readonly createdAt: Date;
  /** The same for every attempt: JetStream refuses a second, different create. */
  readonly mark: Mark;
  /** The public key of the sandbox's account, for readers that cannot derive it. */
  readonly account: string | undefined;
  readonly fresh: boolean;
}

export async function addConsumer(
  jsm: JetStreamManager,
  { sandboxId, createdAt, mark, account, fresh }: NewConsumer,
): Promise<void> {
  // A repaired consumer begins at the sandbox's creation. Its bot may see an event twice, but
  // misses none.
  const start: Partial<ConsumerConfig> = fresh
    ? { deliver_policy: DeliverPolicy.New }
    : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: createdAt.toISOString() };
  await jsm.consumers.add(STREAMS.routed, {
    durable_name: consumerName(sandboxId),
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_deliver: -1,
    filter_subjects: [`${natsPrefix(sandboxId)}events.>`, `${natsPrefix(sandboxId)}commands.>`],
    metadata: { ...mark, ...(account === undefined ? {} : { account }) },
    ...start,
  });
}

export async function deleteConsumer(jsm: JetStreamManager, sandboxId: SandboxId): Promise<void> {
  try {
    await jsm.consumers.delete(STREAMS.routed, consumerName(sandboxId));
  } catch (error) {
    if (!isRefusal(error, 'consumerNotFound') && !isRefusal(error, 'streamNotFound')) throw error;
  }
}

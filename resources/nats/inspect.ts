/** Checks a sandbox's consumer and NATS account. */
import type { JetStreamManager, NatsConnection } from 'nats';
import { counted } from '../../domain/counted.js';
import { consumerName, natsPrefix, natsUser, type SandboxId } from '../../domain/names.js';
import { inNats, isNotFound } from '../../platform/nats-errors.js';
import { STREAMS } from '../../routing/subjects.js';
import type { Inspection, ResourceTarget } from '../resource.js';
import { lookUpAccount } from './account.js';
import { consumerInfo, openManager } from './consumer.js';

export interface NatsReader {
  readonly nats: NatsConnection;
  /** Null if the servers have no accounts of sandboxes. */
  readonly account: string | null;
  readonly apiPrefix: string | undefined;
}

export function inspectSubjects(
  { nats, account, apiPrefix }: NatsReader,
  { sandboxId, rotation }: ResourceTarget,
): Promise<Inspection> {
  return inNats(async () => {
    const jsm = await openManager(nats, apiPrefix);
    const info = await consumerInfo(jsm, sandboxId);
    if (info === null) {
      return { state: 'missing', detail: `consumer ${consumerName(sandboxId)} does not exist` };
    }
    if (account !== null) {
      const recorded = info.config.metadata?.account;
      const trouble = await accountTrouble(nats, { sandboxId, recorded, rotation });
      if (trouble !== null) return trouble;
    }
    const separation = account === null ? ' (no NATS accounts: separation by subject only)' : '';
    return {
      state: 'ok',
      detail: `consumer ${info.name}, ${counted(info.num_pending, 'event')} waiting${separation}`,
      facts: {
        waiting: info.num_pending,
        unacknowledged: info.num_ack_pending,
        lastEventAt: await lastEvent(jsm, sandboxId),
      },
    };
  });
}

/** Null if the account is as it should be. */
async function accountTrouble(
  nats: NatsConnection,
  expected: {
    readonly sandboxId: SandboxId;
    readonly recorded: string | undefined;
    readonly rotation: number;
  },
): Promise<Inspection | null> {
  const { sandboxId, recorded, rotation } = expected;
  const facts = recorded === undefined ? null : await lookUpAccount(nats, recorded);
  if (facts === null) {
    return { state: 'missing', detail: `NATS account ${natsUser(sandboxId)} does not exist` };
  }
  return facts.rotation === rotation
    ? null
    : { state: 'error', detail: `NATS account ${natsUser(sandboxId)} has another password` };
}

/** When the newest event of this sandbox was stored, ISO 8601; null for none. */
async function lastEvent(jsm: JetStreamManager, sandboxId: SandboxId): Promise<string | null> {
  try {
    const message = await jsm.streams.getMessage(STREAMS.routed, {
      last_by_subj: `${natsPrefix(sandboxId)}>`,
    });
    return message.time.toISOString();
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** The sandbox's subject space: its durable consumer on ROUTED, and what that stream still holds for it. */
import { AckPolicy, DeliverPolicy, nanos, type ConsumerConfig, type JetStreamManager } from 'nats';
import { counted } from '../../domain/counted.js';
import { SandboxError } from '../../domain/errors.js';
import {
  consumerName,
  natsPrefix,
  natsUser,
  sandboxIdIn,
  type SandboxId,
} from '../../domain/names.js';
import { STREAMS } from '../../routing/subjects.js';
import { isLive, type SandboxStatus } from '../../domain/status.js';
import { inNats, isNotFound, isRefusal } from '../../platform/nats-errors.js';
import { statusOf } from '../../store/sandboxes.js';
import {
  accountKeyOf,
  deleteAccount,
  deleteAccountByKey,
  listAccounts,
  lookUpAccount,
  pushAccount,
} from './account.js';
import {
  parseMark,
  type Found,
  type Inspection,
  type Mark,
  type Resource,
  type ResourceContext,
  type ResourceTarget,
} from '../resource.js';
import { purgeLeftovers } from '../../routing/barrier.js';

/** A request that a dying server took with it is given up on after this, and asked again. */
const API_MS = 2_000;
const ACK_WAIT_MS = 30_000;

export interface NatsSubjects extends Resource {
  /** All accounts that bear the sandbox's name, whatever their keys. */
  removeAccounts(sandboxId: SandboxId): Promise<void>;
}

export function natsSubjects(context: ResourceContext): NatsSubjects {
  const { nats, database, installation, masterSecret, natsAuthority, natsAccount } = context;
  const apiPrefix = context.natsApiPrefix === undefined ? {} : { apiPrefix: context.natsApiPrefix };
  const keys =
    natsAuthority === null || masterSecret === null || natsAccount === null
      ? null
      : { nats, authority: natsAuthority, masterSecret, controlAccount: natsAccount };
  let manager: Promise<JetStreamManager> | undefined;
  const jsm = (): Promise<JetStreamManager> =>
    (manager ??= nats.jetstreamManager({ checkAPI: false, timeout: API_MS, ...apiPrefix }));

  async function consumerInfo(sandboxId: SandboxId) {
    try {
      return await (await jsm()).consumers.info(STREAMS.routed, consumerName(sandboxId));
    } catch (error) {
      if (isRefusal(error, 'consumerNotFound')) return null;
      throw error;
    }
  }

  async function deleteConsumer(sandboxId: SandboxId): Promise<void> {
    try {
      await (await jsm()).consumers.delete(STREAMS.routed, consumerName(sandboxId));
    } catch (error) {
      if (!isRefusal(error, 'consumerNotFound') && !isRefusal(error, 'streamNotFound')) throw error;
    }
  }

  /** The same for every attempt, since JetStream refuses a second create that differs. */
  const markOf = (createdAt: Date): Mark => ({ installation, createdAt: createdAt.toISOString() });
  const publicKeyOf = (sandboxId: SandboxId): string | undefined =>
    keys === null ? undefined : accountKeyOf(keys.masterSecret, sandboxId).publicKey;

  async function ensureConsumer({ sandboxId, createdAt, fresh = false }: ResourceTarget) {
    const account = publicKeyOf(sandboxId);
    const current = fresh ? null : await consumerInfo(sandboxId);
    if (current !== null) {
      const metadata = current.config.metadata ?? {};
      if (account === undefined || metadata.account === account) return;
      await deleteFormer(metadata.account);
      await (
        await jsm()
      ).consumers.update(STREAMS.routed, current.name, { metadata: { ...metadata, account } });
      return;
    }
    // A repaired consumer begins at the sandbox's creation: its bot may see an event twice, but misses none.
    const start: Partial<ConsumerConfig> = fresh
      ? { deliver_policy: DeliverPolicy.New }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: createdAt.toISOString() };
    await (
      await jsm()
    ).consumers.add(STREAMS.routed, {
      durable_name: consumerName(sandboxId),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_deliver: -1,
      filter_subjects: [`${natsPrefix(sandboxId)}events.>`, `${natsPrefix(sandboxId)}commands.>`],
      // The account's key stands here for those who cannot derive it.
      metadata: { ...markOf(createdAt), ...(account === undefined ? {} : { account }) },
      ...start,
    });
  }

  async function ensureAccount({ sandboxId, rotation, fresh = false }: ResourceTarget) {
    if (keys === null) return;
    const known = fresh ? null : await lookUpAccount(nats, publicKeyOf(sandboxId) ?? '');
    if (known !== null && known.rotation > rotation) {
      throw new SandboxError('SANDBOX_007', `sandbox ${sandboxId} was reset meanwhile`);
    }
    // Connections of an earlier rotation would live on.
    if (known !== null && known.rotation < rotation) await deleteAccount(keys, sandboxId);
    const createdAt = known?.createdAt ?? new Date();
    await pushAccount(keys, sandboxId, { rotation, installation, createdAt });
  }

  /** Of another master secret: whoever is connected in it would stay. */
  async function deleteFormer(account: string | undefined): Promise<void> {
    if (keys !== null && account !== undefined) await deleteAccountByKey(keys, account);
  }

  async function revoke(sandboxId: SandboxId): Promise<void> {
    if (keys === null) return;
    await deleteAccount(keys, sandboxId);
    const recorded = await consumerInfo(sandboxId).then(
      (info) => info?.config.metadata?.account,
      (error: unknown) => {
        if (isRefusal(error, 'streamNotFound')) return undefined;
        throw error;
      },
    );
    if (recorded !== publicKeyOf(sandboxId)) await deleteFormer(recorded);
  }

  /** Null where all is well. */
  async function accountTrouble(
    sandboxId: SandboxId,
    account: string | undefined,
    rotation: number,
  ): Promise<Inspection | null> {
    if (natsAccount === null) return null;
    const facts = account === undefined ? null : await lookUpAccount(nats, account);
    if (facts === null) {
      return { state: 'missing', detail: `NATS account ${natsUser(sandboxId)} does not exist` };
    }
    return facts.rotation === rotation
      ? null
      : { state: 'error', detail: `NATS account ${natsUser(sandboxId)} has another password` };
  }

  return {
    name: 'nats-subjects',
    servers: ['nats'],

    async ensure(target) {
      const { sandboxId, fresh = false } = target;
      await inNats(async () => {
        if (!fresh) refuseUnlessLive(sandboxId, await statusOf(database, sandboxId));
        await Promise.all([ensureConsumer(target), ensureAccount(target)]);
        // NATS cannot be asked to look at the row: what a late attempt made is taken back here.
        const after = await statusOf(database, sandboxId);
        if (after === null || !isLive(after)) {
          await Promise.all([revoke(sandboxId), deleteConsumer(sandboxId)]);
          refuseUnlessLive(sandboxId, after);
        }
      });
    },

    async inspect({ sandboxId, rotation }): Promise<Inspection> {
      return inNats(async () => {
        const info = await consumerInfo(sandboxId);
        if (info === null) {
          return { state: 'missing', detail: `consumer ${consumerName(sandboxId)} does not exist` };
        }
        const trouble = await accountTrouble(sandboxId, info.config.metadata?.account, rotation);
        if (trouble !== null) return trouble;
        const last = await lastEvent(await jsm(), sandboxId);
        const facts = {
          waiting: info.num_pending,
          unacknowledged: info.num_ack_pending,
          lastEventAt: last,
        };
        return {
          state: 'ok',
          detail: `consumer ${info.name}, ${counted(info.num_pending, 'event')} waiting${natsAccount === null ? ' (no NATS accounts: separation by subject only)' : ''}`,
          facts,
        };
      });
    },

    async revoke(sandboxId) {
      await inNats(() => revoke(sandboxId));
    },

    async remove(sandboxId) {
      await inNats(async () => {
        await Promise.all([
          revoke(sandboxId),
          deleteConsumer(sandboxId),
          purgeLeftovers(nats, sandboxId),
        ]);
      });
    },

    async list(): Promise<Found[]> {
      return inNats(async () => {
        const found: Found[] = [];
        for await (const info of (await jsm()).consumers.list(STREAMS.routed)) {
          const sandboxId = sandboxIdIn(info.name, 'sb_');
          if (sandboxId === null) continue;
          const mark = parseMark(JSON.stringify(info.config.metadata ?? {}));
          found.push({ kind: 'consumer', name: info.name, sandboxId, ...mark });
        }
        if (natsAccount === null) return found;
        return [...found, ...(await listAccounts(nats)).map((account) => account.found)];
      });
    },

    async removeAccounts(sandboxId) {
      await inNats(async () => {
        if (keys === null) return;
        for (const { found, publicKey } of await listAccounts(nats))
          if (found.sandboxId === sandboxId) await deleteAccountByKey(keys, publicKey);
      });
    },
  };
}

function refuseUnlessLive(sandboxId: SandboxId, status: SandboxStatus | null): void {
  if (status !== null && isLive(status)) return;
  throw new SandboxError('SANDBOX_007', `sandbox ${sandboxId} is ${status ?? 'unknown'}`);
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

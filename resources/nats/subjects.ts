/** A sandbox's subject space: its durable consumer on ROUTED, and its stored events. */
import type { JetStreamManager } from 'nats';
import { SandboxError } from '../../domain/errors.js';
import { sandboxIdIn, type SandboxId } from '../../domain/names.js';
import { STREAMS } from '../../routing/subjects.js';
import { isLive, type SandboxStatus } from '../../domain/status.js';
import { inNats, isRefusal } from '../../platform/nats-errors.js';
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
  outdated,
  parseMark,
  type Found,
  type FoundOfSandbox,
  type Mark,
  type MakingContext,
  type ResourceKind,
  type ResourceTarget,
} from '../resource.js';
import { addConsumer, consumerInfo, deleteConsumer, openManager } from './consumer.js';
import { purgeLeftovers } from '../../routing/barrier.js';

type Context = Pick<
  MakingContext,
  'nats' | 'database' | 'installation' | 'masterSecret' | 'natsAuthority' | 'natsAccount'
>;

export function openSubjects(context: Context): ReturnType<ResourceKind['open']> {
  const { nats, database, installation, masterSecret, natsAuthority, natsAccount } = context;
  const keys =
    natsAuthority === null || natsAccount === null
      ? null
      : { nats, authority: natsAuthority, masterSecret, controlAccount: natsAccount };
  let manager: Promise<JetStreamManager> | undefined;
  const jsm = (): Promise<JetStreamManager> => (manager ??= openManager(nats));

  /** The same for every attempt: JetStream refuses a second, different create. */
  const markOf = (createdAt: Date): Mark => ({ installation, createdAt: createdAt.toISOString() });
  const publicKeyOf = (sandboxId: SandboxId): string | undefined =>
    keys === null ? undefined : accountKeyOf(keys.masterSecret, sandboxId).publicKey;

  async function ensureConsumer({ sandboxId, createdAt, fresh = false }: ResourceTarget) {
    const account = publicKeyOf(sandboxId);
    const current = fresh ? null : await consumerInfo(await jsm(), sandboxId);
    if (current === null) {
      const mark = markOf(createdAt);
      return addConsumer(await jsm(), { sandboxId, createdAt, mark, account, fresh });
    }
    const metadata = current.config.metadata ?? {};
    if (account === undefined || metadata.account === account) return;
    await deleteFormer(metadata.account);
    const change = { metadata: { ...metadata, account } };
    await (await jsm()).consumers.update(STREAMS.routed, current.name, change);
  }

  async function ensureAccount({ sandboxId, rotation, fresh = false }: ResourceTarget) {
    if (keys === null) return;
    const known = fresh ? null : await lookUpAccount(nats, publicKeyOf(sandboxId) ?? '');
    if (known !== null && known.rotation > rotation) {
      throw outdated(sandboxId);
    }
    // Otherwise connections of an earlier rotation would stay.
    if (known !== null && known.rotation < rotation) await deleteAccount(keys, sandboxId);
    const createdAt = known?.createdAt ?? new Date();
    await pushAccount(keys, sandboxId, { rotation, installation, createdAt });
  }

  /** An account of another master secret: its connections would stay open. */
  async function deleteFormer(account: string | undefined): Promise<void> {
    if (keys !== null && account !== undefined) await deleteAccountByKey(keys, account);
  }

  async function revoke(sandboxId: SandboxId): Promise<void> {
    if (keys === null) return;
    await deleteAccount(keys, sandboxId);
    const recorded = await consumerInfo(await jsm(), sandboxId).then(
      (info) => info?.config.metadata?.account,
      (error: unknown) => {
        if (isRefusal(error, 'streamNotFound')) return undefined;
        throw error;
      },
    );
    if (recorded !== publicKeyOf(sandboxId)) await deleteFormer(recorded);
  }

  const ensure = (target: ResourceTarget): Promise<void> =>
    inNats(async () => {
      const { sandboxId, fresh = false } = target;
      if (!fresh) refuseUnlessLive(sandboxId, await statusOf(database, sandboxId));
      await Promise.all([ensureConsumer(target), ensureAccount(target)]);
      // NATS cannot check the row, so this removes what a late attempt has made.
      const after = await statusOf(database, sandboxId);
      if (after === null || !isLive(after)) {
        await Promise.all([revoke(sandboxId), deleteConsumer(await jsm(), sandboxId)]);
        refuseUnlessLive(sandboxId, after);
      }
    });

  const remove = (sandboxId: SandboxId): Promise<undefined> =>
    inNats(async () => {
      await Promise.all([
        revoke(sandboxId),
        deleteConsumer(await jsm(), sandboxId),
        purgeLeftovers(nats, sandboxId),
      ]);
      return undefined;
    });

  /** An account of another master secret has a key that cannot be derived. */
  const removeOrphan = ({ sandboxId, kind }: FoundOfSandbox): Promise<void> =>
    inNats(async () => {
      await remove(sandboxId);
      if (keys === null || kind !== 'nats-account') return;
      for (const { found, publicKey } of await listAccounts(nats))
        if (found.sandboxId === sandboxId) await deleteAccountByKey(keys, publicKey);
    });

  return {
    ensure,
    // Its only data are events, so new credentials are enough.
    reset: ensure,
    remove,
    removeOrphan,

    async revoke(sandboxId) {
      await inNats(() => revoke(sandboxId));
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
  };
}

function refuseUnlessLive(sandboxId: SandboxId, status: SandboxStatus | null): void {
  if (status !== null && isLive(status)) return;
  throw new SandboxError('SANDBOX_007', `sandbox ${sandboxId} is ${status ?? 'unknown'}`);
}

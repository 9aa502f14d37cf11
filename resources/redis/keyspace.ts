/** The sandbox's Redis key space: its keys, and an ACL user for `sandbox:<id>:*` alone. */
import { SandboxError } from '../../domain/errors.js';
import { isSandboxId, redisUser, sandboxIdIn, type SandboxId } from '../../domain/names.js';
import { passwordFor } from '../../platform/credentials.js';
import { inRedis, type ChainableCommander } from '../../platform/redis.js';
import { fencedConnection } from './fenced-connection.js';
import { keyRemoval, rotationKey } from './scan.js';
import { tenantRules } from './acl.js';
import {
  outdated,
  parseMark,
  type Found,
  type Mark,
  type MakingContext,
  type ResourceKind,
  type ResourceTarget,
} from '../resource.js';

/** Field: sandbox id, value: a Mark. Key spaces and ACL users have no place for one. */
export const REDIS_REGISTRY = 'sandbox:registry';

/**
 * `revoke` sets it and `ensure` watches it. So the server refuses a worker that stopped during a
 * create and continues after the destroy. It outlives any such process.
 */
const tombstoneKey = (sandboxId: SandboxId): string => `sandbox:tombstone:${sandboxId}`;
const TOMBSTONE_SECONDS = 7 * 86_400;

export function openKeyspace(
  context: Pick<MakingContext, 'redis' | 'installation' | 'tenantKey' | 'redisAcl'>,
): ReturnType<ResourceKind['open']> {
  const { redis, installation, tenantKey, redisAcl } = context;
  const fenced = fencedConnection(redis);
  const removeKeys = keyRemoval(redis);

  /**
   * Writes the tombstone and deletes the user. False if the server is full and takes no tombstone:
   * then no late `ensure` can write either, until there is room.
   */
  async function revoked(sandboxId: SandboxId): Promise<boolean> {
    const pipeline = redis.pipeline();
    pipeline.set(tombstoneKey(sandboxId), '1', 'EX', TOMBSTONE_SECONDS);
    // DELUSER also cuts the user's connections; `off` leaves them working.
    if (redisAcl) pipeline.call('ACL', 'DELUSER', redisUser(sandboxId));
    const results = (await pipeline.exec()) ?? [];
    const full = results[0]?.[0]?.message.startsWith('OOM') === true;
    for (const [error] of full ? results.slice(1) : results) if (error !== null) throw error;
    return !full;
  }

  /**
   * Writes user, registry entry and rotation. @throws SANDBOX_007 for a past rotation, or one that
   * has not begun here
   */
  async function give(
    { sandboxId, rotation }: ResourceTarget,
    as: 'repair' | 'reset',
  ): Promise<void> {
    const password = passwordFor(tenantKey, 'redis', { sandboxId, rotation });
    const mark: Mark = { installation, createdAt: new Date().toISOString() };
    await inRedis(async () => {
      const rules = redisAcl ? await tenantRules(redis, sandboxId, password) : null;
      await fenced(async (connection) => {
        // Sent together; answered in order.
        const [, buried, known] = await Promise.all([
          connection.watch(tombstoneKey(sandboxId), rotationKey(sandboxId)),
          connection.exists(tombstoneKey(sandboxId)),
          connection.get(rotationKey(sandboxId)),
        ]);
        if (
          buried === 1 ||
          Number(known ?? rotation) > rotation ||
          // A reset has raised it in the row. The reset's own step first removes the old keys.
          (as === 'repair' && Number(known ?? rotation) < rotation)
        ) {
          await connection.unwatch();
          throw outdated(sandboxId);
        }
        const transaction = connection.multi();
        if (rules !== null) transaction.call('ACL', 'SETUSER', redisUser(sandboxId), ...rules);
        transaction.hsetnx(REDIS_REGISTRY, sandboxId, JSON.stringify(mark));
        transaction.set(rotationKey(sandboxId), rotation);
        const results = await transaction.exec();
        if (results === null) throw outdated(sandboxId);
        for (const [error] of results) if (error !== null) throw error;
      });
    });
  }

  async function remove(sandboxId: SandboxId): Promise<undefined> {
    await inRedis(async () => {
      // In this order: the walk might miss writes of a user that still exists.
      const [buried] = await Promise.all([revoked(sandboxId), removeKeys(sandboxId)]);
      // This sandbox may have filled the server. Then there is room now.
      if (!buried && !(await revoked(sandboxId))) {
        throw new SandboxError('SANDBOX_009', 'Redis has reached its maxmemory', {
          hint: 'Raise maxmemory, or destroy the sandbox that fills it. Then this continues by itself.',
          details: { dependency: 'redis' },
        });
      }
      const rest = redis.pipeline().del(rotationKey(sandboxId));
      await together(rest.hdel(REDIS_REGISTRY, sandboxId));
    });
  }

  return {
    ensure: (target) => give(target, 'repair'),

    async reset(target) {
      const { sandboxId, rotation } = target;
      await inRedis(async () => {
        if (Number(await redis.get(rotationKey(sandboxId))) >= rotation) return;
        if (redisAcl) await redis.call('ACL', 'DELUSER', redisUser(sandboxId));
        await removeKeys(sandboxId, rotation);
        await give(target, 'reset');
      });
    },

    async revoke(sandboxId) {
      await inRedis(() => revoked(sandboxId));
    },

    remove,

    removeOrphan: ({ sandboxId }) => remove(sandboxId),

    async list(): Promise<Found[]> {
      return inRedis(async () => {
        const registry = await redis.hgetall(REDIS_REGISTRY);
        const keyspaces = Object.entries(registry).map(([field, mark]) => ({
          kind: 'keyspace' as const,
          name: `sandbox:${field}:`,
          sandboxId: isSandboxId(field) ? field : null,
          ...parseMark(mark),
        }));
        const users = redisAcl ? ((await redis.call('ACL', 'USERS')) as string[]) : [];
        const tenants = users.flatMap((name) => {
          const sandboxId = sandboxIdIn(name, 'sandbox_');
          if (sandboxId === null) return [];
          return [
            { kind: 'acl-user' as const, name, sandboxId, ...parseMark(registry[sandboxId]) },
          ];
        });
        return [...keyspaces, ...tenants];
      });
    },
  };
}

/** Sent together, answered in order. @throws the first command's error */
async function together(pipeline: ChainableCommander): Promise<void> {
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}

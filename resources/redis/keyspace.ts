/** The sandbox's Redis key space: an ACL user that may reach `sandbox:<id>:*` and nothing else, and the keys themselves. */
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

/** Field: sandbox id, value: a Mark. Key spaces and ACL users cannot carry one themselves. */
export const REDIS_REGISTRY = 'sandbox:registry';

/**
 * Set by `revoke` and watched by `ensure`, so that a worker that was stopped in the middle of a create and goes on after
 * the destroy is refused by the server. It outlives any process that could still hold the intention.
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
   * Buries it and deletes its user. False where the server is full and takes no tombstone: then no late `ensure` can write
   * either, until there is room again.
   */
  async function revoked(sandboxId: SandboxId): Promise<boolean> {
    const pipeline = redis.pipeline();
    pipeline.set(tombstoneKey(sandboxId), '1', 'EX', TOMBSTONE_SECONDS);
    // DELUSER also cuts the user's connections; `off` would leave them working.
    if (redisAcl) pipeline.call('ACL', 'DELUSER', redisUser(sandboxId));
    const results = (await pipeline.exec()) ?? [];
    const full = results[0]?.[0]?.message.startsWith('OOM') === true;
    for (const [error] of full ? results.slice(1) : results) if (error !== null) throw error;
    return !full;
  }

  /** User, registry entry and rotation. @throws SANDBOX_007 for a rotation that is over, or has not begun here */
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
          // A reset has raised it in the row: its own step takes the old keys first.
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
      // Sent in this order: what a user that still lived would write during the walk might be missed.
      const [buried] = await Promise.all([revoked(sandboxId), removeKeys(sandboxId)]);
      // Perhaps it is this one that had filled the server: then there is room now.
      if (!buried && !(await revoked(sandboxId))) {
        throw new SandboxError('SANDBOX_009', 'Redis has reached its maxmemory', {
          hint: 'Raise maxmemory, or destroy the sandbox that fills it; this goes on by itself then.',
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

/** Checks a sandbox's key space and ACL user. */
import { redisPrefix, redisUser } from '../../domain/names.js';
import { inRedis, type Redis } from '../../platform/redis.js';
import type { Inspection, ResourceTarget } from '../resource.js';
import { REDIS_REGISTRY } from './keyspace.js';

export async function inspectKeyspace(
  redis: Redis,
  { sandboxId }: ResourceTarget,
  redisAcl: boolean,
): Promise<Inspection> {
  const prefix = redisPrefix(sandboxId);
  return inRedis(async () => {
    const registered = await redis.hexists(REDIS_REGISTRY, sandboxId);
    if (!redisAcl) {
      return { state: 'ok', detail: `prefix ${prefix} (no ACL: separation by prefix only)` };
    }
    const user = await redis.call('ACL', 'GETUSER', redisUser(sandboxId));
    if (user === null) {
      return { state: 'missing', detail: `ACL user ${redisUser(sandboxId)} does not exist` };
    }
    if (registered === 0)
      return { state: 'missing', detail: 'its entry in the registry is missing' };
    return { state: 'ok', detail: `prefix ${prefix}, ACL user present` };
  });
}

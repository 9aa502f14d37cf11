/** A sandbox's Redis key space, with its own ACL user. */
import { redisPrefix, redisUser } from '../../domain/names.js';
import { withLogin } from '../../platform/addresses/login.js';
import { passwordFor } from '../../platform/credentials.js';
import { REDIS_LIMITS } from './limits.js';
import type { ResourceKind } from '../resource.js';
import { inspectKeyspace } from './inspect.js';
import { openKeyspace } from './keyspace.js';

export const redis: ResourceKind = {
  name: 'redis-keyspace',
  servers: ['redis'],
  kinds: ['keyspace', 'acl-user'],
  variables: {
    SANDBOX_REDIS_PREFIX: {
      meaning: 'The prefix of each key and channel in Redis; Redis refuses all others',
      example: 'sandbox:sb0123456789:',
      secret: false,
    },
    REDIS_URL: {
      meaning: 'Redis, with its own user and password. Absent with `SANDBOX_REDIS_ACL=off`',
      example: 'redis://sandbox_sb0123456789:…@127.0.0.1:6379',
      secret: true,
    },
  },
  limits: REDIS_LIMITS,
  identifiers: (sandboxId) => ({ SANDBOX_REDIS_PREFIX: redisPrefix(sandboxId) }),
  credentials: ({ sandboxId, rotation, addresses, redisAcl }, tenantKey) => {
    // Without ACL the server has no user of the sandbox, and a URL with one would fail later.
    if (!redisAcl) return {};
    const password = passwordFor(tenantKey, 'redis', { sandboxId, rotation });
    return { REDIS_URL: withLogin(addresses.redis, redisUser(sandboxId), password) };
  },
  open: openKeyspace,
  inspector:
    ({ redis: open, redisAcl }) =>
    async (target) =>
      inspectKeyspace(await open(), target, redisAcl),
};

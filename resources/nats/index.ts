/** A sandbox's NATS subject space: its consumer on ROUTED, and its own account. */
import { consumerName, inboxPrefix, natsPrefix, natsUser } from '../../domain/names.js';
import { withLogin } from '../../platform/addresses/login.js';
import { passwordFor } from '../../platform/credentials.js';
import { STREAMS } from '../../routing/subjects.js';
import { NATS_LIMITS } from './limits.js';
import type { ResourceKind } from '../resource.js';
import { inspectSubjects } from './inspect.js';
import { NATS_API_PREFIX } from './permissions.js';
import { openSubjects } from './subjects.js';
import { NATS_VARIABLES } from './variables.js';

export const nats: ResourceKind = {
  name: 'nats-subjects',
  servers: ['nats'],
  kinds: ['consumer', 'nats-account'],
  variables: NATS_VARIABLES,
  limits: NATS_LIMITS,
  identifiers: (sandboxId) => ({
    SANDBOX_NATS_PREFIX: natsPrefix(sandboxId),
    NATS_STREAM: STREAMS.routed,
    NATS_CONSUMER: consumerName(sandboxId),
    NATS_INBOX_PREFIX: inboxPrefix(sandboxId),
    NATS_API_PREFIX,
  }),
  credentials: ({ sandboxId, rotation, addresses, natsAccount }, tenantKey) => {
    // Servers without accounts of sandboxes have no users of sandboxes either.
    if (natsAccount === null) return {};
    const password = passwordFor(tenantKey, 'nats', { sandboxId, rotation });
    return { NATS_URL: withLogin(addresses.nats, natsUser(sandboxId), password) };
  },
  open: openSubjects,
  inspector:
    ({ nats: open, natsAccount, natsApiPrefix }) =>
    async (target) => {
      const reader = { nats: await open(), account: natsAccount, apiPrefix: natsApiPrefix };
      return inspectSubjects(reader, target);
    },
};

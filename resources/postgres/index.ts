/** A sandbox's Postgres schema, with its own login role. */
import { roleName, schemaName } from '../../domain/names.js';
import { withLogin } from '../../platform/addresses/login.js';
import { passwordFor } from '../../platform/credentials.js';
import { POSTGRES_LIMITS } from './limits.js';
import type { ResourceKind } from '../resource.js';
import { inspectSchema } from './inspect.js';
import { openSchema } from './schema.js';

export const POSTGRES_SCHEMA = 'postgres-schema';

export const postgres: ResourceKind = {
  name: POSTGRES_SCHEMA,
  servers: ['postgres'],
  kinds: ['schema', 'role'],
  variables: {
    SANDBOX_SCHEMA: {
      meaning: 'The sandbox’s Postgres schema. It is already the role’s `search_path`',
      example: 'sandbox_sb0123456789',
      secret: false,
    },
    DATABASE_URL: {
      meaning: 'Postgres, with the sandbox’s own role and password',
      example: 'postgres://sandbox_sb0123456789:…@127.0.0.1:5432/sandboxes',
      secret: true,
    },
  },
  limits: POSTGRES_LIMITS,
  identifiers: (sandboxId) => ({ SANDBOX_SCHEMA: schemaName(sandboxId) }),
  credentials: ({ sandboxId, rotation, addresses }, tenantKey) => {
    const password = passwordFor(tenantKey, 'postgres', { sandboxId, rotation });
    return { DATABASE_URL: withLogin(addresses.database, roleName(sandboxId), password) };
  },
  open: openSchema,
  inspector:
    ({ database }) =>
    (target) =>
      inspectSchema(database, target),
};

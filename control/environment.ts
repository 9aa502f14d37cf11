/** A sandbox's environment: its own variables, then the variables of each resource. */
import {
  OWN_VARIABLES,
  type SandboxEnvironment,
  type VariableEntry,
} from '../domain/sandbox-variables.js';
import type { Config } from '../platform/config.js';
import { natsAccountOf } from '../platform/nats-authority.js';
import type { Addresses } from '../platform/stack-file.js';
import { RESOURCE_KINDS, type Limit } from '../resources/index.js';
import type { SandboxRecord } from '../store/sandboxes.js';

/** Every variable in the order of `bd sandbox connect`: those without secrets first. */
export function sandboxVariables(kinds = RESOURCE_KINDS): Readonly<Record<string, VariableEntry>> {
  const all = [OWN_VARIABLES, ...kinds.map(({ variables }) => variables)].flatMap(
    Object.entries<VariableEntry>,
  );
  const [open, secret] = [false, true].map((wanted) =>
    all.filter(([, entry]) => entry.secret === wanted),
  );
  return Object.fromEntries([...(open ?? []), ...(secret ?? [])]);
}

/** A sandbox's limits on each server. */
export function resourceLimits(kinds = RESOURCE_KINDS): readonly Limit[] {
  return kinds.flatMap(({ limits }) => limits);
}

export function identifiersOf(
  { sandboxId, guildIds }: Pick<SandboxRecord, 'sandboxId' | 'guildIds'>,
  kinds = RESOURCE_KINDS,
): SandboxEnvironment {
  const own = { SANDBOX_ID: sandboxId, SANDBOX_GUILD_IDS: guildIds.join(',') };
  return Object.assign(
    {},
    own,
    ...kinds.map((kind) => kind.identifiers(sandboxId)),
  ) as SandboxEnvironment;
}

/**
 * The servers' addresses with the sandbox's user and password. The base is our address or the
 * tenants' address (SANDBOX_TENANT_…), such as a pooler or a public name.
 */
export function credentialsOf(
  { sandboxId, rotation }: Pick<SandboxRecord, 'sandboxId' | 'rotation'>,
  addresses: Addresses,
  tenantKey: string,
  { redisAcl, tenant = {} }: { redisAcl: boolean; tenant?: Config['tenant'] },
  kinds = RESOURCE_KINDS,
): SandboxEnvironment {
  const source = {
    ...{ sandboxId, rotation, redisAcl },
    addresses: { ...addresses, ...tenant },
    natsAccount: natsAccountOf(addresses.nats),
  };
  return Object.assign(
    {},
    ...kinds.map((kind) => kind.credentials(source, tenantKey)),
  ) as SandboxEnvironment;
}

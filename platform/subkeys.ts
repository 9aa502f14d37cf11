/**
 * The subkeys of the master secret. The worker alone holds the master secret. The API holds two subkeys: it can hand out
 * tenants' passwords and sign commands, but it cannot make NATS accounts (docs/security.md, "Who holds which secret").
 */
import { createHmac } from 'node:crypto';
import type { Config } from './config.js';
import { readMasterSecret } from './master-secret.js';

/**
 * `tenant-passwords`: every tenant's password derives from it. `actors`: commands are signed with it. `simulated-discord`: the
 * control secret and the bot tokens of the local stack's simulated Discord.
 */
export type SubkeyName = 'tenant-passwords' | 'actors' | 'simulated-discord';

/** 43 characters of base64url. One subkey reveals neither the master secret nor the other subkey. */
export function subkeyOf(masterSecret: string, name: SubkeyName): string {
  return createHmac('sha256', masterSecret).update(`subkey/${name}`).digest('base64url');
}

/**
 * A caller's: given by SANDBOX_TENANT_KEY or SANDBOX_ACTOR_KEY, else derived from the local stack's master secret in
 * SANDBOX_HOME. Null without either, and where SANDBOX_MASTER_SECRET is set: that is another stack's, and the worker's alone.
 */
export function readSubkey(
  config: Config,
  name: Exclude<SubkeyName, 'simulated-discord'>,
): string | null {
  const given = name === 'actors' ? config.actorKey : config.tenantKey;
  if (given !== undefined) return given;
  const masterSecret = config.masterSecret === undefined ? readMasterSecret(config) : null;
  return masterSecret === null ? null : subkeyOf(masterSecret, name);
}

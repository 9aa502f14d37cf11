/** The environment of the stack's processes, made from the validated configuration that the caller holds. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { environmentOf, type Config } from '../../platform/config.js';
import type { ServerUrls } from '../../platform/stack-file.js';

export type Environment = Readonly<Record<string, string | undefined>>;

function withoutUndefined(values: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/**
 * What makes `loadConfig` give `config` in another process: the caller may have made it from something other than its
 * own environment. Variables that are no part of it pass through.
 */
export function configEnvironment(config: Config, base: Environment): Record<string, string> {
  // A sandbox's environment has no business in a service.
  return withoutUndefined({ ...base, SANDBOX_ID: undefined, ...environmentOf(config) });
}

/** The secrets of one process; a process gets no other's (docs/security.md). */
export type ProcessSecrets = Partial<
  Pick<Config, 'masterSecret' | 'tenantKey' | 'actorKey' | 'natsAuthority' | 'discord'>
>;

/** Of a process of ours: the addresses of its role, its metrics port, and the secrets of those who hold them. */
export function processEnvironment(
  config: Config,
  base: Environment,
  process: {
    urls: ServerUrls;
    temporal: string;
    metricsPort: number;
    secrets: ProcessSecrets;
  },
): Record<string, string> {
  const { urls, temporal, metricsPort, secrets } = process;
  const { masterSecret: _master, tenantKey: _tenant, actorKey: _actor, ...others } = config;
  // A caller's token is the caller's own.
  const { natsAuthority: _authority, apiUrl: _url, token: _token, ...rest } = others;
  const { port } = config.discord;
  const given = { ...urls, temporal };
  return configEnvironment({ ...rest, discord: { port }, given, metricsPort, ...secrets }, base);
}

/**
 * Of a server: next to nothing. PGPORT, TEMPORAL_*, and the like in a developer's shell are meant for clients and
 * would bend a server's start.
 */
export function serverEnvironment(base: Environment): Record<string, string> {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH } = base;
  return withoutUndefined({ PATH, HOME, TMPDIR, LD_LIBRARY_PATH, LANG: 'C.UTF-8' });
}

/** Where downloaded binaries are kept, shared by all stacks of this user; within the stack's home for one who has no other. */
export function cacheDirectory(base: Environment): string {
  if (base.SANDBOX_CACHE) return resolve(base.SANDBOX_CACHE);
  if (base.XDG_CACHE_HOME) return join(base.XDG_CACHE_HOME, 'discord-server-sandboxes');
  try {
    return join(homedir(), '.cache', 'discord-server-sandboxes');
  } catch {
    return resolve(base.SANDBOX_HOME ?? '.sandbox', 'cache');
  }
}

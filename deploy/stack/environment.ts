/** The environment of the stack's processes, made from the validated configuration that the caller holds. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config, GivenAddresses } from '../../platform/config.js';
import type { ServerUrls } from '../../platform/stack-file.js';
import { TEMPORAL_SECURITY_VARIABLES } from '../../platform/temporal-security.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What names the servers' addresses, all of which the stack decides for its processes. */
const ADDRESS_VARIABLES = [
  'TEMPORAL_ADDRESS',
  'DATABASE_URL',
  'REDIS_URL',
  'NATS_URL',
  'SANDBOX_CONTROL_DATABASE_URL',
  'SANDBOX_CONTROL_REDIS_URL',
  'SANDBOX_CONTROL_NATS_URL',
  // A sandbox's environment has no business in a service.
  'SANDBOX_ID',
] as const;

const seconds = (millis: number): string => `${millis / 1_000}s`;

function addressVariables(given: GivenAddresses): Record<string, string | undefined> {
  return {
    TEMPORAL_ADDRESS: given.temporal,
    SANDBOX_CONTROL_DATABASE_URL: given.database,
    SANDBOX_CONTROL_REDIS_URL: given.redis,
    SANDBOX_CONTROL_NATS_URL: given.nats,
  };
}

const without = (names: readonly string[]): Record<string, undefined> =>
  Object.fromEntries(names.map((name) => [name, undefined]));

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
  const { policy, sweep, routes } = config;
  return withoutUndefined({
    ...base,
    ...without(ADDRESS_VARIABLES),
    ...addressVariables(config.given),
    // Those of a shell belong to the address that it names: the stack's own Temporal speaks no TLS.
    ...without(TEMPORAL_SECURITY_VARIABLES),
    ...config.temporalSecurity,
    SANDBOX_HOME: config.home,
    SANDBOX_OWNER: config.owner,
    SANDBOX_DEFAULT_TTL: seconds(policy.defaultTtlMs),
    SANDBOX_MIN_TTL: seconds(policy.minTtlMs),
    SANDBOX_MAX_TTL: seconds(policy.maxTtlMs),
    SANDBOX_MAX_PER_OWNER: String(policy.maxPerOwner),
    SANDBOX_SWEEP_INTERVAL: seconds(sweep.intervalMs),
    SANDBOX_SWEEP_GRACE: seconds(sweep.graceMs),
    SANDBOX_ROUTE_CACHE_TTL_MS: String(routes.cacheTtlMs),
    SANDBOX_STALE_ROUTES_MS: String(routes.staleMs),
    SANDBOX_PRODUCTION_SUBJECTS: config.productionSubjects.join(','),
    SANDBOX_ROUTER_FORM: config.routerForm,
    SANDBOX_STREAM_PROFILE: config.streamProfile,
    SANDBOX_MAX_CONTROL_LINE: String(config.maxControlLine),
    SANDBOX_REDIS_ACL: config.redisAcl ? 'on' : 'off',
    SANDBOX_MASTER_SECRET: config.masterSecret,
    SANDBOX_NATS_AUTHORITY: config.natsAuthority,
    SANDBOX_METRICS_HOST: config.metricsHost,
    SANDBOX_METRICS_PORT: String(config.metricsPort),
    SANDBOX_EMF: config.emf ? 'on' : 'off',
    SANDBOX_TENANT_DATABASE_URL: config.tenant.database,
    SANDBOX_TENANT_REDIS_URL: config.tenant.redis,
    SANDBOX_TENANT_NATS_URL: config.tenant.nats,
    TEMPORAL_NAMESPACE: config.namespace,
    TEMPORAL_UI_URL: config.temporalUiUrl,
    SANDBOX_TASK_QUEUE: config.taskQueue,
    SANDBOX_DEPLOYMENT: config.deployment,
    SANDBOX_BUILD_ID: config.buildId,
    LOG_LEVEL: config.logLevel,
  });
}

/** Of a process of ours: the addresses of its role, its metrics port, and the master secret for those who hold it. */
export function processEnvironment(
  config: Config,
  base: Environment,
  process: {
    urls: ServerUrls;
    temporal: string;
    metricsPort: number;
    masterSecret: string | null;
    natsAuthority: string | null;
  },
): Record<string, string> {
  const { urls, temporal, metricsPort, masterSecret, natsAuthority } = process;
  const {
    SANDBOX_MASTER_SECRET: _secret,
    SANDBOX_NATS_AUTHORITY: _authority,
    ...rest
  } = configEnvironment(config, base);
  return withoutUndefined({
    ...rest,
    ...addressVariables({ ...urls, temporal }),
    SANDBOX_METRICS_PORT: String(metricsPort),
    SANDBOX_MASTER_SECRET: masterSecret ?? undefined,
    SANDBOX_NATS_AUTHORITY: natsAuthority ?? undefined,
  });
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
  const { SANDBOX_CACHE, XDG_CACHE_HOME, SANDBOX_HOME = '.sandbox' } = base;
  if (SANDBOX_CACHE !== undefined && SANDBOX_CACHE !== '') return resolve(SANDBOX_CACHE);
  if (XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== '')
    return join(XDG_CACHE_HOME, 'discord-server-sandboxes');
  try {
    return join(homedir(), '.cache', 'discord-server-sandboxes');
  } catch {
    return resolve(SANDBOX_HOME, 'cache');
  }
}

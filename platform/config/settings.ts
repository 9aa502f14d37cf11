/**
 * The configuration as one table: each variable's name, type, default, readers and meaning. From it
 * come the type `Config`, its parsing, the environment of child processes and a table of
 * docs/sandbox-guide.md.
 */
import { userInfo } from 'node:os';
import { LONGEST_LIFE, LONGEST_LIFE_MS } from '../../domain/expiry.js';
import { GUILD_POLICIES, VISIBILITIES } from '../../domain/permissions.js';
import { BUILT_IN_TEMPLATE, parseTemplateName } from '../../domain/template.js';
import {
  DEFAULT_PRODUCTION_SUBJECTS,
  ROUTER_FORMS,
  STREAM_PROFILES,
} from '../../domain/routing-settings.js';
import { API } from './api.js';
import { DISCORD } from './discord.js';
import {
  GIVEN_ADDRESSES,
  TEMPLATE_SOURCE,
  TEMPORAL_SECURITY,
  TENANT_ADDRESSES,
} from './servers.js';
import { ALL, optional, setting } from './setting.js';
import * as type from './types.js';

/** Temporal joins a version's two parts with a dot or a colon. */
const versionPart = type.matching(/^[A-Za-z0-9_-]{1,100}$/, 'must be letters, digits, _ and -');

export const SETTINGS = {
  // Not validated here: `--owner` may replace it.
  owner: setting('SANDBOX_OWNER', type.text, osUser, {
    readers: ['cli'],
    about: 'owner of the sandboxes',
    unset: 'the OS user; `uid-` and the number if it has no name',
  }),
  home: setting('SANDBOX_HOME', type.text, '.sandbox', {
    readers: ALL,
    about: "directory of the local stack's data; `bd` finds the stack by it",
    unset: '`.sandbox` in the current directory',
  }),
  policy: {
    defaultTtlMs: setting('SANDBOX_DEFAULT_TTL', type.duration(), '24h', {
      readers: ['worker', 'api', 'cli'],
      about: 'default life span of a sandbox',
    }),
    minTtlMs: setting('SANDBOX_MIN_TTL', type.duration(), '1m', {
      readers: ['worker'],
      about: 'shortest life span',
    }),
    maxTtlMs: setting(
      'SANDBOX_MAX_TTL',
      type.duration({ millis: LONGEST_LIFE_MS, text: LONGEST_LIFE }),
      '30d',
      { readers: ['worker'], about: 'longest life span' },
    ),
    maxPerOwner: setting('SANDBOX_MAX_PER_OWNER', type.count(1, 1_000_000), '3', {
      readers: ['worker'],
      about: 'live sandboxes of one owner',
    }),
    defaultTemplate: setting(
      'SANDBOX_DEFAULT_TEMPLATE',
      type.parsed(parseTemplateName),
      BUILT_IN_TEMPLATE,
      {
        readers: ['worker', 'api', 'cli'],
        about: 'template of a sandbox that names none ([templates](templates.md))',
      },
    ),
  },
  guildPolicy: optional('SANDBOX_GUILD_POLICY', type.oneOf(GUILD_POLICIES), {
    readers: ['worker'],
    about:
      '`granted`: an owner registers only guilds that an operator granted; `any`: every guild ([security](security.md))',
    unset: "`granted`; the local stack's: `any`",
  }),
  templateSource: TEMPLATE_SOURCE,
  visibility: setting('SANDBOX_VISIBILITY', type.oneOf(VISIBILITIES), 'all', {
    readers: ['api', 'cli'],
    about: '`own`: developers see their own sandboxes alone; operators see all',
  }),
  sweep: {
    intervalMs: setting('SANDBOX_SWEEP_INTERVAL', type.duration(), '15m', {
      readers: ['worker', 'cli'],
      about: 'time between two sweeps for orphans',
    }),
    graceMs: setting('SANDBOX_SWEEP_GRACE', type.duration(), '10m', {
      readers: ['worker'],
      about: 'age from which an orphan is swept',
    }),
  },
  routes: {
    cacheTtlMs: setting('SANDBOX_ROUTE_CACHE_TTL_MS', type.count(1, 86_400_000), '60000', {
      readers: ['cli'],
      about: "lifetime of a cached route in the library's route provider",
    }),
    staleMs: setting('SANDBOX_STALE_ROUTES_MS', type.count(100, 86_400_000), '60000', {
      readers: ['router'],
      about: 'age at which a router stops using its table of routes',
    }),
  },
  productionSubjects: setting(
    'SANDBOX_PRODUCTION_SUBJECTS',
    type.productionSubjects,
    DEFAULT_PRODUCTION_SUBJECTS.join(','),
    {
      readers: ALL,
      about: "production's subjects in `ROUTED`, separated by commas",
      unset: 'see `domain/routing-settings.ts`',
    },
  ),
  routerForm: setting('SANDBOX_ROUTER_FORM', type.oneOf(ROUTER_FORMS), 'fast', {
    readers: ['router'],
    about: 'form of the router: `fast`, or `plain` for comparison',
  }),
  streamProfile: setting('SANDBOX_STREAM_PROFILE', type.oneOf(STREAM_PROFILES), 'durable', {
    readers: ALL,
    about:
      '`best-effort` keeps routed events in memory for 5 minutes ([what can be lost](routing.md))',
  }),
  maxControlLine: setting('SANDBOX_MAX_CONTROL_LINE', type.count(1_024, 1_048_576), '4096', {
    readers: ['router'],
    about:
      "nats-server's `max_control_line` (its INFO does not contain it): events with a longer routed subject go to `dlq.oversize`",
  }),
  masterSecret: optional('SANDBOX_MASTER_SECRET', type.secret(32), {
    readers: ['worker'],
    about:
      'source of all passwords and subkeys, for the worker alone ([who holds which key](security.md#who-holds-which-key))',
    unset: "the stack's `master.key`",
    secret: true,
  }),
  // platform/subkeys.ts
  tenantKey: optional('SANDBOX_TENANT_KEY', type.secret(32), {
    readers: ['api', 'cli'],
    about: "the subkey from which tenants' passwords derive, for `bd` and the API",
    unset: "derived from the stack's `master.key`",
    secret: true,
  }),
  actorKey: optional('SANDBOX_ACTOR_KEY', type.secret(32), {
    readers: ['api', 'cli'],
    about: 'the subkey that signs commands, for `bd` and the API',
    unset: "derived from the stack's `master.key`",
    secret: true,
  }),
  // JSON of platform/nats-authority.ts. Without it the worker makes no NATS users.
  natsAuthority: optional('SANDBOX_NATS_AUTHORITY', type.text, {
    readers: ['worker'],
    about: 'keys that sign NATS accounts; the worker needs it',
    unset: "the stack's",
    secret: true,
  }),
  redisAcl: setting('SANDBOX_REDIS_ACL', type.onOff, 'on', {
    readers: ['worker', 'api', 'cli'],
    about:
      '`off` if a managed Redis refuses `ACL SETUSER`: then only the key prefix separates sandboxes',
  }),
  metricsPort: setting('SANDBOX_METRICS_PORT', type.count(0, 65_535), '0', {
    readers: ['worker', 'router', 'api', 'discord'],
    about: "port of the process's page of metrics and health",
    unset: '0: a free one, which the log names',
  }),
  metricsHost: setting('SANDBOX_METRICS_HOST', type.host, '127.0.0.1', {
    readers: ['worker', 'router', 'api', 'discord'],
    about: 'address of that page',
  }),
  emf: setting('SANDBOX_EMF', type.onOff, 'off', {
    readers: ['worker'],
    about: "the worker also prints CloudWatch's metrics",
  }),
  // Workers scale by task queue. Client and worker must use the same one.
  taskQueue: setting('SANDBOX_TASK_QUEUE', type.text, 'sandboxes', {
    readers: ['worker', 'api', 'cli'],
    about: "Temporal's task queue",
  }),
  deployment: optional('SANDBOX_DEPLOYMENT', versionPart, {
    readers: ['worker'],
    about: 'name of the Worker Deployment, for a rolling deploy ([lifecycle](lifecycle.md))',
    unset: 'unset: each worker takes each task',
  }),
  buildId: optional('SANDBOX_BUILD_ID', versionPart, {
    readers: ['worker'],
    about: "the build of a versioned worker's workflows",
    unset: "the workflow bundle's digest",
  }),
  namespace: setting('TEMPORAL_NAMESPACE', type.text, 'default', {
    readers: ['worker', 'api', 'cli'],
    about: "Temporal's namespace",
  }),
  temporalUiUrl: optional('TEMPORAL_UI_URL', type.url('http', 'https'), {
    readers: ['cli'],
    about: 'address of the Temporal Web UI, for `bd sandbox open`',
    unset: "the stack's",
  }),
  apiUrl: optional('SANDBOX_API_URL', type.url('http', 'https'), {
    readers: ['cli'],
    about:
      'address of the API: `bd sandbox`, `token`, `guild` and `owner` work over HTTP, unless told `--direct`',
    unset: 'unset: `bd` speaks to the servers themselves',
  }),
  token: optional('SANDBOX_TOKEN', type.text, {
    readers: ['cli'],
    about: 'token for `SANDBOX_API_URL`, of `bd token create`',
    unset: 'unset',
    secret: true,
  }),
  api: API,
  discord: DISCORD,
  given: GIVEN_ADDRESSES,
  tenant: TENANT_ADDRESSES,
  // Empty while TEMPORAL_ADDRESS is unset: the local stack's Temporal has neither TLS nor keys.
  temporalSecurity: TEMPORAL_SECURITY,
  logLevel: setting(
    'LOG_LEVEL',
    type.oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    {
      readers: [...ALL, 'discord'],
      about: 'log level of worker, router, API and simulated Discord',
    },
  ),
};

/** The local stack reads them from the environment itself; no configuration has them. */
export const STACK_VARIABLES = [
  {
    name: 'SANDBOX_CACHE',
    unset: '`discord-server-sandboxes` in `XDG_CACHE_HOME`, else in `~/.cache`',
    readers: ['cli'],
    about: 'directory of the programs that the local stack downloads',
  },
] as const;

/** The number, if the system has no name for it, as in a container. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.geteuid?.() ?? 'unknown'}`;
  }
}

/**
 * The configuration, as one table: each variable's name, type, default, readers and meaning. Its type (`Config`), its
 * reading, the environment of child processes and the table of docs/sandbox-guide.md are derived from it.
 */
import { userInfo } from 'node:os';
import { LONGEST_LIFE, LONGEST_LIFE_MS } from '../../domain/expiry.js';
import { GUILD_POLICIES, VISIBILITIES } from '../../domain/permissions.js';
import {
  DEFAULT_PRODUCTION_SUBJECTS,
  ROUTER_FORMS,
  STREAM_PROFILES,
} from '../../domain/routing-settings.js';
import { API } from './api.js';
import { GIVEN_ADDRESSES, TEMPORAL_SECURITY, TENANT_ADDRESSES } from './servers.js';
import { ALL, optional, setting } from './setting.js';
import * as type from './types.js';

/** Temporal joins the two parts of a version with a dot or a colon. */
const versionPart = type.matching(/^[A-Za-z0-9_-]{1,100}$/, 'must be letters, digits, _ and -');

export const SETTINGS = {
  // Not validated here: `--owner` may replace it.
  owner: setting('SANDBOX_OWNER', type.text, osUser, {
    readers: ['cli'],
    about: 'whose sandboxes these are',
    unset: 'the OS user; `uid-` and the number where that has no name',
  }),
  home: setting('SANDBOX_HOME', type.text, '.sandbox', {
    readers: ALL,
    about: "the local stack's data, and how `bd` finds it",
    unset: '`.sandbox`, in the directory where `bd` is typed',
  }),
  policy: {
    defaultTtlMs: setting('SANDBOX_DEFAULT_TTL', type.duration(), '24h', {
      readers: ['worker', 'api', 'cli'],
      about: 'life span of a sandbox whose create names none',
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
  },
  guildPolicy: optional('SANDBOX_GUILD_POLICY', type.oneOf(GUILD_POLICIES), {
    readers: ['worker'],
    about:
      '`granted`: an owner registers only guilds that an operator granted; `any`: every guild ([security](security.md))',
    unset: "`granted`; the local stack's: `any`",
  }),
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
      about: "how long the library's route provider trusts its copy of the routes",
    }),
    staleMs: setting('SANDBOX_STALE_ROUTES_MS', type.count(100, 86_400_000), '60000', {
      readers: ['router'],
      about: 'when a router stops trusting its table of routes',
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
    about: "the router's form: `fast`, or `plain` to compare with",
  }),
  streamProfile: setting('SANDBOX_STREAM_PROFILE', type.oneOf(STREAM_PROFILES), 'durable', {
    readers: ALL,
    about:
      '`best-effort` keeps routed events in memory, for 5 minutes ([what it loses](routing.md))',
  }),
  maxControlLine: setting('SANDBOX_MAX_CONTROL_LINE', type.count(1_024, 1_048_576), '4096', {
    readers: ['router'],
    about:
      "nats-server's `max_control_line`, which its INFO does not tell: events whose routed subject would pass it go to `dlq.oversize`",
  }),
  masterSecret: optional('SANDBOX_MASTER_SECRET', type.secret(32), {
    readers: ['worker', 'api', 'cli'],
    about: 'what passwords derive from; the worker needs it',
    unset: "the stack's `master.key`",
    secret: true,
  }),
  // JSON of platform/nats-authority.ts: the worker makes no NATS users without it.
  natsAuthority: optional('SANDBOX_NATS_AUTHORITY', type.text, {
    readers: ['worker'],
    about: 'what NATS accounts are signed with; the worker needs it',
    unset: "the stack's",
    secret: true,
  }),
  redisAcl: setting('SANDBOX_REDIS_ACL', type.onOff, 'on', {
    readers: ['worker', 'api', 'cli'],
    about: '`off` where a managed Redis refuses `ACL SETUSER`: the key prefix alone separates',
  }),
  metricsPort: setting('SANDBOX_METRICS_PORT', type.count(0, 65_535), '0', {
    readers: ['worker', 'router', 'api'],
    about: "port of the process's page of metrics and health",
    unset: '0: a free one, which the log names',
  }),
  metricsHost: setting('SANDBOX_METRICS_HOST', type.host, '127.0.0.1', {
    readers: ['worker', 'router', 'api'],
    about: 'address on which that page listens',
  }),
  emf: setting('SANDBOX_EMF', type.onOff, 'off', {
    readers: ['worker'],
    about: "the worker also prints CloudWatch's metrics",
  }),
  // Workers scale by task queue; client and worker must name the same.
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
    about: 'where `bd sandbox open` finds the Temporal Web UI',
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
  given: GIVEN_ADDRESSES,
  tenant: TENANT_ADDRESSES,
  // Empty while TEMPORAL_ADDRESS is unset: the local stack's Temporal has neither TLS nor keys.
  temporalSecurity: TEMPORAL_SECURITY,
  logLevel: setting(
    'LOG_LEVEL',
    type.oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    { readers: ALL, about: 'how much the logs of worker, router and API tell' },
  ),
};

/** Read by the local stack itself, from the environment: no configuration holds it. */
export const STACK_VARIABLES = [
  {
    name: 'SANDBOX_CACHE',
    unset: '`discord-server-sandboxes` in `XDG_CACHE_HOME`, else in `~/.cache`',
    readers: ['cli'],
    about: 'where the local stack keeps the programs that it fetched',
  },
] as const;

/** By number where the system has no name for it, as for the user of a container's image. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.geteuid?.() ?? 'unknown'}`;
  }
}

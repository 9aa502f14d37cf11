/** The environment, read and validated once; every wrong value is reported at once. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { checkTtl, parseDuration } from '../domain/duration.js';
import { messageOf, SandboxError } from '../domain/errors.js';
import { LONGEST_LIFE, LONGEST_LIFE_MS } from '../domain/expiry.js';
import {
  DEFAULT_PRODUCTION_SUBJECTS,
  ROUTER_FORMS,
  STREAM_PROFILES,
  type RouterForm,
  type StreamProfile,
} from '../domain/routing-settings.js';
import { readNatsUrl } from './addresses/nats.js';
import { readPostgresAddress } from './addresses/postgres.js';
import { problemOf } from './addresses/problem.js';
import { readRedisAddress } from './addresses/redis.js';
import { readTemporalAddress } from './addresses/temporal.js';
import {
  temporalProblems,
  temporalVariables,
  type TemporalVariables,
} from './temporal-security.js';

export interface Policy {
  readonly defaultTtlMs: number;
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  readonly maxPerOwner: number;
}

/** Addresses given in the environment; what is absent comes from the local stack. */
export interface GivenAddresses {
  readonly temporal?: string;
  readonly database?: string;
  readonly redis?: string;
  readonly nats?: string;
}

export interface Config {
  readonly home: string;
  /** `SANDBOX_OWNER`, else the OS user; not validated here: `--owner` may replace it. */
  readonly owner: string;
  readonly policy: Policy;
  readonly sweep: { readonly intervalMs: number; readonly graceMs: number };
  readonly routes: { readonly cacheTtlMs: number; readonly staleMs: number };
  readonly productionSubjects: readonly string[];
  readonly routerForm: RouterForm;
  readonly streamProfile: StreamProfile;
  /** The `max_control_line` of nats-server, which its INFO does not tell. */
  readonly maxControlLine: number;
  readonly masterSecret?: string;
  /** JSON of platform/nats-authority.ts: the worker makes no NATS users without it. */
  readonly natsAuthority?: string;
  /** `off` where a managed Redis refuses ACL SETUSER: the key prefix alone separates (docs/isolation.md). */
  readonly redisAcl: boolean;
  /** 0: a free port, reported in the log and in the stack's state. */
  readonly metricsPort: number;
  /** Where the metrics page listens: loopback, unless a container or a pod is to be scraped from outside. */
  readonly metricsHost: string;
  /** The worker also writes CloudWatch's metrics into its output. */
  readonly emf: boolean;
  readonly namespace: string;
  /** TLS and API key of the Temporal at TEMPORAL_ADDRESS. Empty where that is not set: the local stack's has neither. */
  readonly temporalSecurity: TemporalVariables;
  /** Workers scale by task queue; client and worker must name the same. */
  readonly taskQueue: string;
  /** Name of the Worker Deployment for a rolling deploy (docs/lifecycle.md); without one, each worker takes each task. */
  readonly deployment?: string;
  /** Which build of the workflows a versioned worker runs; absent: the workflow bundle's digest. */
  readonly buildId?: string;
  /** Of the Temporal Web UI; absent: the local stack's. */
  readonly temporalUiUrl?: string;
  readonly logLevel: string;
  readonly given: GivenAddresses;
  /** What `connect` hands out instead of our own addresses; each with the sandbox's login in it. */
  readonly tenant: Omit<GivenAddresses, 'temporal'>;
}

const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, ctx) => {
      try {
        return parseDuration(text);
      } catch (error) {
        ctx.addIssue({ code: 'custom', message: messageOf(error) });
        return z.NEVER;
      }
    });

const count = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, 'must be a whole number')
    .default(String(fallback))
    .transform(Number)
    .pipe(z.number().min(min).max(max));

const url = (...schemes: string[]) =>
  z
    .string()
    .refine((text) => schemes.some((s) => text.startsWith(`${s}://`)) && URL.canParse(text), {
      message: `must be a URL beginning ${schemes.map((s) => `${s}://`).join(' or ')}`,
    });

/** An address that its server's own reader takes. */
const addressOf = (read: (text: string) => unknown) =>
  z.string().superRefine((text, ctx) => {
    const message = problemOf(() => read(text));
    if (message !== null) ctx.addIssue({ code: 'custom', message });
  });

const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.[*>])?$/;
const productionSubjects = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((list) => list.every((s) => SUBJECT.test(s) && /^(events|commands)\./.test(s)), {
    message: 'must be subjects below events. or commands., separated by commas',
  })
  .refine((list) => list.every((s) => !/^(events|commands)\.(>|raw(\.|$))/.test(s)), {
    message: 'must not cover events.raw.> or commands.raw.>: JetStream refuses overlapping streams',
  });

const postgresUrl = addressOf(readPostgresAddress);
const redisUrl = addressOf(readRedisAddress);
const natsUrl = addressOf(readNatsUrl);
const address = addressOf(readTemporalAddress);

// Temporal joins the two with a dot or a colon.
const versionPart = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be letters, digits, _ and -');

const schema = z.object({
  SANDBOX_HOME: z.string().min(1).default('.sandbox'),
  SANDBOX_OWNER: z.string().optional(),
  SANDBOX_DEFAULT_TTL: duration('24h'),
  SANDBOX_MIN_TTL: duration('1m'),
  SANDBOX_MAX_TTL: duration('30d').refine((millis) => millis <= LONGEST_LIFE_MS, {
    message: `must be at most ${LONGEST_LIFE}`,
  }),
  SANDBOX_MAX_PER_OWNER: count(3, 1, 1_000_000),
  SANDBOX_SWEEP_INTERVAL: duration('15m'),
  SANDBOX_SWEEP_GRACE: duration('10m'),
  SANDBOX_ROUTE_CACHE_TTL_MS: count(60_000, 1, 86_400_000),
  SANDBOX_STALE_ROUTES_MS: count(60_000, 100, 86_400_000),
  SANDBOX_PRODUCTION_SUBJECTS: productionSubjects.optional(),
  SANDBOX_ROUTER_FORM: z.enum(ROUTER_FORMS).default('fast'),
  SANDBOX_STREAM_PROFILE: z.enum(STREAM_PROFILES).default('durable'),
  SANDBOX_MAX_CONTROL_LINE: count(4_096, 1_024, 1_048_576),
  SANDBOX_MASTER_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  SANDBOX_NATS_AUTHORITY: z.string().optional(),
  SANDBOX_REDIS_ACL: z.enum(['on', 'off']).default('on'),
  SANDBOX_METRICS_PORT: count(0, 0, 65_535),
  SANDBOX_EMF: z.enum(['on', 'off']).default('off'),
  SANDBOX_METRICS_HOST: z.union([z.ipv4(), z.literal('::')]).default('127.0.0.1'),
  TEMPORAL_ADDRESS: address.optional(),
  TEMPORAL_UI_URL: url('http', 'https').optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  SANDBOX_TASK_QUEUE: z.string().min(1).default('sandboxes'),
  SANDBOX_DEPLOYMENT: versionPart.optional(),
  SANDBOX_BUILD_ID: versionPart.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  DATABASE_URL: postgresUrl.optional(),
  REDIS_URL: redisUrl.optional(),
  NATS_URL: natsUrl.optional(),
  SANDBOX_CONTROL_DATABASE_URL: postgresUrl.optional(),
  SANDBOX_CONTROL_REDIS_URL: redisUrl.optional(),
  SANDBOX_CONTROL_NATS_URL: natsUrl.optional(),
  SANDBOX_TENANT_DATABASE_URL: postgresUrl.optional(),
  SANDBOX_TENANT_REDIS_URL: redisUrl.optional(),
  SANDBOX_TENANT_NATS_URL: natsUrl.optional(),
});

type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as unset, as shells and compose files have it. */
function withoutEmpty(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(env))
    if (value !== undefined && value !== '') kept[key] = value;
  return kept;
}

/** While `SANDBOX_ID` is set the plain URLs are a tenant's, exported by `connect`: they never count here. */
function withoutTenantUrls(env: Record<string, string>): Record<string, string> {
  if (env.SANDBOX_ID === undefined) return env;
  const { DATABASE_URL: _d, REDIS_URL: _r, NATS_URL: _n, ...rest } = env;
  return rest;
}

/** @throws SANDBOX_008 listing every wrong variable */
export function loadConfig(env: Environment, cwd = process.cwd()): Config {
  const set = withoutTenantUrls(withoutEmpty(env));
  const parsed = schema.safeParse(set);
  const temporalSecurity = set.TEMPORAL_ADDRESS === undefined ? {} : temporalVariables(set);
  const lines = [
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...temporalProblems(temporalSecurity),
  ];
  if (!parsed.success || lines.length > 0) {
    throw new SandboxError('SANDBOX_008', `the environment is not valid:\n  ${lines.join('\n  ')}`);
  }
  const e = parsed.data;
  const policy: Policy = {
    defaultTtlMs: e.SANDBOX_DEFAULT_TTL,
    minTtlMs: e.SANDBOX_MIN_TTL,
    maxTtlMs: e.SANDBOX_MAX_TTL,
    maxPerOwner: e.SANDBOX_MAX_PER_OWNER,
  };
  checkTtl(policy.defaultTtlMs, { minMs: policy.minTtlMs, maxMs: policy.maxTtlMs });
  return {
    home: resolve(cwd, e.SANDBOX_HOME),
    owner: e.SANDBOX_OWNER ?? osUser(),
    policy,
    sweep: { intervalMs: e.SANDBOX_SWEEP_INTERVAL, graceMs: e.SANDBOX_SWEEP_GRACE },
    routes: { cacheTtlMs: e.SANDBOX_ROUTE_CACHE_TTL_MS, staleMs: e.SANDBOX_STALE_ROUTES_MS },
    productionSubjects: e.SANDBOX_PRODUCTION_SUBJECTS ?? DEFAULT_PRODUCTION_SUBJECTS,
    routerForm: e.SANDBOX_ROUTER_FORM,
    streamProfile: e.SANDBOX_STREAM_PROFILE,
    maxControlLine: e.SANDBOX_MAX_CONTROL_LINE,
    redisAcl: e.SANDBOX_REDIS_ACL === 'on',
    metricsPort: e.SANDBOX_METRICS_PORT,
    emf: e.SANDBOX_EMF === 'on',
    metricsHost: e.SANDBOX_METRICS_HOST,
    namespace: e.TEMPORAL_NAMESPACE,
    temporalSecurity,
    taskQueue: e.SANDBOX_TASK_QUEUE,
    logLevel: e.LOG_LEVEL,
    ...defined({
      masterSecret: e.SANDBOX_MASTER_SECRET,
      natsAuthority: e.SANDBOX_NATS_AUTHORITY,
      temporalUiUrl: e.TEMPORAL_UI_URL,
      deployment: e.SANDBOX_DEPLOYMENT,
      buildId: e.SANDBOX_BUILD_ID,
    }),
    given: defined({
      temporal: e.TEMPORAL_ADDRESS,
      database: e.SANDBOX_CONTROL_DATABASE_URL ?? e.DATABASE_URL,
      redis: e.SANDBOX_CONTROL_REDIS_URL ?? e.REDIS_URL,
      nats: e.SANDBOX_CONTROL_NATS_URL ?? e.NATS_URL,
    }),
    tenant: defined({
      database: e.SANDBOX_TENANT_DATABASE_URL,
      redis: e.SANDBOX_TENANT_REDIS_URL,
      nats: e.SANDBOX_TENANT_NATS_URL,
    }),
  };
}

/** By number where the system has no name for it, as for the user of a container's image. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.geteuid?.() ?? 'unknown'}`;
  }
}

/** Leaves out what is undefined, as `exactOptionalPropertyTypes` wants it. */
function defined<T extends Record<string, string | undefined>>(
  values: T,
): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/**
 * `stack.json` in SANDBOX_HOME: every process finds the local stack by it. Mode 0600, because it
 * has passwords.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, SandboxError } from '../domain/errors.js';
import { readNatsUrl } from './addresses/nats.js';
import { readPostgresAddress } from './addresses/postgres.js';
import { problemOf } from './addresses/problem.js';
import { readRedisAddress } from './addresses/redis.js';
import { readTemporalAddress } from './addresses/temporal.js';
import type { Config } from './config.js';
import { writePrivateFile } from './private-file.js';

/** Each has its own Postgres role, Redis user and NATS user. Only `admin` is a superuser. */
export const STACK_ROLES = ['admin', 'client', 'api', 'worker', 'router'] as const;
export type StackRole = (typeof STACK_ROLES)[number];

/** Empty: the stack was started without that server. */
const address = (read: (text: string) => unknown) =>
  z.string().refine((text) => text === '' || problemOf(() => read(text)) === null);
const natsUrl = address(readNatsUrl);
const urls = z.object({
  database: address(readPostgresAddress),
  redis: address(readRedisAddress),
  nats: natsUrl,
});
const stackSchema = z.object({
  version: z.literal(1),
  /** The process that owns the stack. */
  pid: z.number().int(),
  startedAt: z.string(),
  temporal: z.object({ address: address(readTemporalAddress), uiUrl: z.string().nullable() }),
  urls: z.object({ admin: urls, client: urls, api: urls, worker: urls, router: urls }),
  /** Of the HTTP API; absent where the stack runs without it. */
  apiUrl: z.string().optional(),
  /** Simulated Discord; absent where the stack runs without it. */
  discord: z.object({ url: z.string(), secret: z.string() }).optional(),
  /** The publisher of raw events: may write into RAW and nothing else. */
  ingestNatsUrl: natsUrl,
  /**
   * The system account's user, for monitoring and for cutting connections. Empty if NATS is not the
   * stack's.
   */
  sysNatsUrl: natsUrl.optional(),
  /** Makes sandboxes' accounts (platform/nats-authority.ts). Absent if NATS is not the stack's. */
  natsAuthority: z.string().optional(),
});

export type StackState = z.infer<typeof stackSchema>;
export type ServerUrls = z.infer<typeof urls>;

export const stackFilePath = (home: string): string => join(home, 'stack.json');

/** The running stack, or null. @throws SANDBOX_008 for an invalid file */
export function readStackFile(home: string): StackState | null {
  let text: string;
  try {
    text = readFileSync(stackFilePath(home), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new SandboxError(
      'SANDBOX_008',
      `${stackFilePath(home)} cannot be read: ${messageOf(error)}`,
      { hint: 'Set SANDBOX_HOME to the directory of a local stack.', cause: error },
    );
  }
  try {
    return stackSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new SandboxError(
      'SANDBOX_008',
      `${stackFilePath(home)} is not a state file of this version`,
      {
        hint: 'Run `bd dev down`, then `bd dev up`; the data stays.',
        cause: error,
      },
    );
  }
}

export async function writeStackFile(home: string, state: StackState): Promise<void> {
  await writePrivateFile(stackFilePath(home), `${JSON.stringify(state, null, 2)}\n`);
}

export interface Addresses extends ServerUrls {
  readonly temporal: string;
}

/**
 * The servers' addresses for `role`: from the environment, else from the local stack.
 * @throws SANDBOX_009 if neither names one
 */
export function addressesFor(config: Config, role: StackRole): Addresses {
  const { given } = config;
  // A router does not use Temporal, so it needs no address for it.
  const withoutTemporal = role === 'router';
  const complete =
    (withoutTemporal || given.temporal !== undefined) &&
    given.database !== undefined &&
    given.redis !== undefined &&
    given.nats !== undefined;
  const stack = complete ? null : readStackFile(config.home);
  const pick = (what: keyof Addresses, fromStack: string | undefined): string => {
    const address = given[what] ?? fromStack;
    // Empty: the stack was started without that server.
    if (address !== undefined && address !== '') return address;
    throw new SandboxError(
      'SANDBOX_009',
      `no address for ${what}, and no local stack runs in ${config.home}`,
      {
        hint: 'Start one with `bd dev up`, set SANDBOX_HOME to that of one that runs, or set TEMPORAL_ADDRESS, DATABASE_URL, REDIS_URL and NATS_URL.',
        details: { dependency: what === 'database' ? 'postgres' : what },
      },
    );
  };
  return {
    temporal: withoutTemporal ? (given.temporal ?? '') : pick('temporal', stack?.temporal.address),
    database: pick('database', stack?.urls[role].database),
    redis: pick('redis', stack?.urls[role].redis),
    nats: pick('nats', stack?.urls[role].nats),
  };
}

/**
 * JSON of the keys for NATS accounts; null on a machine without them, or for servers without
 * accounts.
 */
export function readNatsAuthority(config: Config): string | null {
  if (config.natsAuthority !== undefined) return config.natsAuthority;
  return config.given.nats === undefined
    ? (readStackFile(config.home)?.natsAuthority ?? null)
    : null;
}

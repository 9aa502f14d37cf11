/**
 * The interface of everything that a sandbox owns. A resource is one folder and one line in
 * resources/index.ts: it names its servers, makes, inspects and removes its part, and gives
 * environment variables.
 */
import { SandboxError, type Dependency } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import type { Claimed } from '../domain/sandbox.js';
import type { VariableEntry } from '../domain/sandbox-variables.js';
import type { Addresses } from '../platform/stack-file.js';
import type { NatsConnection } from '../platform/nats.js';
import type { NatsAuthority } from '../platform/nats-authority.js';
import type { Redis } from '../platform/redis.js';
import type { Database } from '../store/database.js';

/** Open connections and secrets for making. Opened once, at the worker's entry. */
export interface MakingContext {
  readonly database: Database;
  /** The address of Postgres, for a login of a sandbox's own role. */
  readonly databaseUrl: string;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  readonly installation: string;
  /** Derives the sandboxes' NATS accounts. */
  readonly masterSecret: string;
  /** Derives the tenants' passwords. */
  readonly tenantKey: string;
  /** Signs the sandboxes' NATS accounts; null if the servers have no such accounts. */
  readonly natsAuthority: NatsAuthority | null;
  /** The account of the `nats` connection; null if the servers have none. */
  readonly natsAccount: string | null;
  /** False if the Redis server refuses ACL SETUSER. */
  readonly redisAcl: boolean;
  /** Counts each attempt to apply a template's text. */
  readonly templateApplied?: (seconds: number, outcome: 'applied' | 'failed') => void;
}

/** Connections for inspecting. A connection that cannot open fails only the checks that use it. */
export interface InspectingContext {
  readonly database: Database;
  readonly redis: () => Promise<Redis>;
  readonly nats: () => Promise<NatsConnection>;
  readonly installation: () => Promise<string>;
  readonly natsAccount: string | null;
  /**
   * The imported prefix of the JetStream API, if the `nats` connection's account has no JetStream.
   */
  readonly natsApiPrefix?: string;
  readonly redisAcl: boolean;
}

/** The facts about a sandbox that a resource needs. */
export interface ResourceTarget {
  readonly sandboxId: SandboxId;
  readonly rotation: number;
  readonly createdAt: Date;
  /** The first attempt of a create: no part is in use yet. Absent: it may be a repair. */
  readonly fresh?: boolean;
}

export interface Inspection {
  readonly state: 'ok' | 'missing' | 'error';
  /** A text that a person can act on. */
  readonly detail: string;
  /** Figures, such as waiting events. */
  readonly facts?: Readonly<Record<string, string | number | null>>;
}

/** One instance on a server, of this or another installation. */
export interface Found {
  /** One of the resource's `kinds`. */
  readonly kind: string;
  readonly name: string;
  /** Null if the name is not in our form: never touched. */
  readonly sandboxId: SandboxId | null;
  /** Null if nothing on the server names one: never touched. */
  readonly installation: string | null;
  readonly createdAt: Date | null;
}

/** A found instance of a sandbox. */
export type FoundOfSandbox = Found & { readonly sandboxId: SandboxId };

/** Everything that the sweep searches. */
export interface Swept {
  readonly name: string;
  list(): Promise<Found[]>;
  /** Removes an instance without a live row. */
  removeOrphan(found: FoundOfSandbox): Promise<void>;
}

/**
 * `remove`'s answer if the rest takes long. The destroy ends, and another workflow calls
 * `finishRemoval` until it succeeds.
 */
export const FOLLOW_UP = 'follow-up';
export type Removal = typeof FOLLOW_UP | undefined;

/** Makes and removes one resource. Each call may be repeated, and may come late. */
export interface Resource extends Swept {
  /** The servers that its steps need. */
  readonly servers: readonly [Dependency, ...Dependency[]];
  /** Whether a first `ensure` may take longer than some seconds. Absent: never. */
  isSlow?(claimed: Claimed): boolean;
  /** Creates or repairs. @throws SANDBOX_007 if the sandbox is being destroyed */
  ensure(target: ResourceTarget): Promise<void>;
  /** Empties the resource and sets the credentials of `target.rotation`, once per rotation. */
  reset(target: ResourceTarget): Promise<void>;
  /** Invalidates credentials and cuts connections, nothing else. */
  revoke(sandboxId: SandboxId): Promise<void>;
  /** Leaves nothing, or answers FOLLOW_UP. */
  remove(sandboxId: SandboxId): Promise<Removal>;
  /** The part of `remove` after the end of the destroy. */
  finishRemoval?(sandboxId: SandboxId): Promise<void>;
}

/** A check of `bd sandbox status`. */
export interface Inspector {
  readonly name: string;
  readonly servers: readonly [Dependency, ...Dependency[]];
  inspect(target: ResourceTarget): Promise<Inspection>;
}

/** The source of a sandbox's variables. */
export interface VariableSource {
  readonly sandboxId: SandboxId;
  readonly rotation: number;
  /** The servers' addresses for the sandbox's bot. */
  readonly addresses: Pick<Addresses, 'database' | 'redis' | 'nats'>;
  readonly natsAccount: string | null;
  readonly redisAcl: boolean;
}

/** A limit, as docs/isolation.md shows it. */
export interface Limit {
  readonly what: string;
  readonly limit: string;
  /** True if the tenant can raise it. */
  readonly raisable: boolean | null;
}

type Values = Readonly<Record<string, string>>;

/** One kind of resource: the line in resources/index.ts. */
export interface ResourceKind {
  /** Names the resource in steps, checks, logs and metrics. */
  readonly name: string;
  readonly servers: readonly [Dependency, ...Dependency[]];
  /** The kinds that its `list` may find: labels of `sandbox_orphans`. */
  readonly kinds: readonly string[];
  /** Its variables in a sandbox's environment, in printed order (docs/connect.md). */
  readonly variables: Readonly<Record<string, VariableEntry>>;
  /** A sandbox's limits on its server (docs/isolation.md). */
  readonly limits: readonly Limit[];
  /** The variables without secrets. */
  identifiers(sandboxId: SandboxId): Values;
  /** The variables with a password; fewer if its server separates sandboxes only by name. */
  credentials(source: VariableSource, tenantKey: string): Values;
  open(context: MakingContext): Omit<Resource, 'name' | 'servers'>;
  inspector(context: InspectingContext): (target: ResourceTarget) => Promise<Inspection>;
}

/** The mark of each resource, if its server can store one. */
export interface Mark {
  readonly installation: string;
  readonly createdAt: string;
}

export function parseMark(text: string | null | undefined): {
  installation: string | null;
  createdAt: Date | null;
} {
  try {
    const mark: unknown = JSON.parse(text ?? '');
    if (
      typeof mark === 'object' &&
      mark !== null &&
      'installation' in mark &&
      'createdAt' in mark
    ) {
      const createdAt = new Date(String(mark.createdAt));
      if (!Number.isNaN(createdAt.getTime()))
        return { installation: String(mark.installation), createdAt };
    }
  } catch {
    // Not our mark.
  }
  return { installation: null, createdAt: null };
}

/** The error of a late attempt. */
export function outdated(sandboxId: SandboxId): SandboxError {
  return new SandboxError('SANDBOX_007', `sandbox ${sandboxId} was reset or destroyed meanwhile`);
}

/**
 * The shape of everything that a sandbox owns. A resource is one folder and one line in resources/index.ts: it names its
 * servers, makes and removes its part, inspects it, and brings its environment variables.
 */
import { SandboxError, type Dependency } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import type { VariableEntry } from '../domain/sandbox-variables.js';
import type { Addresses } from '../platform/stack-file.js';
import type { NatsConnection } from '../platform/nats.js';
import type { NatsAuthority } from '../platform/nats-authority.js';
import type { Redis } from '../platform/redis.js';
import type { Database } from '../store/database.js';

/** What making needs: open connections and the secrets. Opened once, at the worker's entry. */
export interface MakingContext {
  readonly database: Database;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  readonly installation: string;
  /** Derives the sandboxes' NATS accounts. */
  readonly masterSecret: string;
  /** Derives the tenants' passwords. */
  readonly tenantKey: string;
  /** Signs the sandboxes' NATS accounts; null where the servers have no such accounts. */
  readonly natsAuthority: NatsAuthority | null;
  /** The account of the `nats` connection; null where the servers have none. */
  readonly natsAccount: string | null;
  /** False where the Redis server refuses ACL SETUSER. */
  readonly redisAcl: boolean;
}

/** What inspecting needs: connections alone. One that cannot be opened fails the checks that use it, and no other. */
export interface InspectingContext {
  readonly database: Database;
  readonly redis: () => Promise<Redis>;
  readonly nats: () => Promise<NatsConnection>;
  readonly installation: () => Promise<string>;
  readonly natsAccount: string | null;
  /** Where the `nats` connection's account is not JetStream's: the prefix of the JetStream API that it imports. */
  readonly natsApiPrefix?: string;
  readonly redisAcl: boolean;
}

/** What a resource must know of its sandbox. */
export interface ResourceTarget {
  readonly sandboxId: SandboxId;
  readonly rotation: number;
  readonly createdAt: Date;
  /** The first attempt of a create: no part of it was used yet. Absent: it may be a repair. */
  readonly fresh?: boolean;
}

export interface Inspection {
  readonly state: 'ok' | 'missing' | 'error';
  /** What a person can act on. */
  readonly detail: string;
  /** Figures worth showing, such as waiting events. */
  readonly facts?: Readonly<Record<string, string | number | null>>;
}

/** One instance on a server, of this or another installation. */
export interface Found {
  /** One of the resource's `kinds`. */
  readonly kind: string;
  readonly name: string;
  /** Null where the name is not shaped like one of ours: never touched. */
  readonly sandboxId: SandboxId | null;
  /** Null where nothing on the server says so: never touched. */
  readonly installation: string | null;
  readonly createdAt: Date | null;
}

/** A found instance of a sandbox. */
export type FoundOfSandbox = Found & { readonly sandboxId: SandboxId };

/** Whatever the sweep looks through. */
export interface Swept {
  readonly name: string;
  list(): Promise<Found[]>;
  /** Removes an instance that no live row owns. */
  removeOrphan(found: FoundOfSandbox): Promise<void>;
}

/**
 * `remove`'s answer where the rest takes long: the destroy ends, and a workflow of its own calls `finishRemoval` until that
 * succeeds.
 */
export const FOLLOW_UP = 'follow-up';
export type Removal = typeof FOLLOW_UP | undefined;

/** Makes and removes one resource. Each verb may be repeated, and may come late. */
export interface Resource extends Swept {
  /** The servers that its steps wait for. */
  readonly servers: readonly [Dependency, ...Dependency[]];
  /** Creates or repairs. @throws SANDBOX_007 once the sandbox is being destroyed */
  ensure(target: ResourceTarget): Promise<void>;
  /** Empties it and gives it the credentials of `target.rotation`: done once for a rotation. */
  reset(target: ResourceTarget): Promise<void>;
  /** Credentials dead, connections cut; nothing else. */
  revoke(sandboxId: SandboxId): Promise<void>;
  /** Leaves nothing, or answers FOLLOW_UP. */
  remove(sandboxId: SandboxId): Promise<Removal>;
  /** The part of `remove` that outlives the destroy. */
  finishRemoval?(sandboxId: SandboxId): Promise<void>;
}

/** A check of `bd sandbox status`. */
export interface Inspector {
  readonly name: string;
  readonly servers: readonly [Dependency, ...Dependency[]];
  inspect(target: ResourceTarget): Promise<Inspection>;
}

/** What the variables of a sandbox are made from. */
export interface VariableSource {
  readonly sandboxId: SandboxId;
  readonly rotation: number;
  /** The servers as the sandbox's bot reaches them. */
  readonly addresses: Pick<Addresses, 'database' | 'redis' | 'nats'>;
  readonly natsAccount: string | null;
  readonly redisAcl: boolean;
}

/** A limit of use, as docs/isolation.md shows it. */
export interface Limit {
  readonly what: string;
  readonly limit: string;
  /** Whether the tenant can raise it. */
  readonly raisable: boolean | null;
}

type Values = Readonly<Record<string, string>>;

/** One kind of resource: the line in resources/index.ts. */
export interface ResourceKind {
  /** Names the resource in steps, checks, logs and metrics. */
  readonly name: string;
  readonly servers: readonly [Dependency, ...Dependency[]];
  /** What its `list` may find: labels of `sandbox_orphans`. */
  readonly kinds: readonly string[];
  /** Its variables in a sandbox's environment, in the order in which they are printed (docs/connect.md). */
  readonly variables: Readonly<Record<string, VariableEntry>>;
  /** What a sandbox may take of its server (docs/isolation.md). */
  readonly limits: readonly Limit[];
  /** The variables that open nothing. */
  identifiers(sandboxId: SandboxId): Values;
  /** The variables with a password; fewer where its server separates sandboxes by name only. */
  credentials(source: VariableSource, tenantKey: string): Values;
  open(context: MakingContext): Omit<Resource, 'name' | 'servers'>;
  inspector(context: InspectingContext): (target: ResourceTarget) => Promise<Inspection>;
}

/** The mark that each resource carries where its server can hold one. */
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
    // Not a mark of ours.
  }
  return { installation: null, createdAt: null };
}

/** What a late attempt gets. */
export function outdated(sandboxId: SandboxId): SandboxError {
  return new SandboxError('SANDBOX_007', `sandbox ${sandboxId} was reset or destroyed meanwhile`);
}

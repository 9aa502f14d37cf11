/** The one shape of everything a sandbox owns: five verbs, each idempotent. */
import { SandboxError, type Dependency } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import type { FoundKind, ResourceName } from '../domain/sandbox.js';
import type { NatsConnection } from '../platform/nats.js';
import type { NatsAuthority } from '../platform/nats-authority.js';
import type { Redis } from '../platform/redis.js';
import type { Database } from '../store/database.js';

/** What resources work with; made once at the process's entry. */
export interface ResourceContext {
  readonly database: Database;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  readonly installation: string;
  /** Null for those who only inspect: they cannot derive passwords. */
  readonly masterSecret: string | null;
  /** Makes the sandboxes' NATS accounts; null for those who only inspect, and where the servers have no such accounts. */
  readonly natsAuthority: NatsAuthority | null;
  /** The account that the resources' NATS connection is in; null where the servers have none. */
  readonly natsAccount: string | null;
  /** Where that account is not JetStream's: below which subject it imports JetStream's API. */
  readonly natsApiPrefix?: string;
  /** False where the Redis server refuses ACL SETUSER. */
  readonly redisAcl: boolean;
}

/** What a resource must know of its sandbox. */
export interface ResourceTarget {
  readonly sandboxId: SandboxId;
  readonly rotation: number;
  readonly createdAt: Date;
  /** Being made for the first time: nothing of it can have been used yet. Absent: it may be a repair. */
  readonly fresh?: boolean;
}

export interface Inspection {
  readonly state: 'ok' | 'missing' | 'error';
  /** What a person can act on. */
  readonly detail: string;
  /** Figures worth showing, such as waiting events. */
  readonly facts?: Readonly<Record<string, string | number | null>>;
}

/** One instance on a server, whoever it belongs to. */
export interface Found {
  readonly kind: FoundKind;
  readonly name: string;
  /** Null where the name is not shaped like one of ours: never touched. */
  readonly sandboxId: SandboxId | null;
  /** Null where nothing on the server says so: never touched. */
  readonly installation: string | null;
  readonly createdAt: Date | null;
}

export interface Resource {
  readonly name: ResourceName;
  /** What its steps wait for. */
  readonly servers: readonly [Dependency, ...Dependency[]];
  /** Creates or repairs. @throws SANDBOX_007 once the sandbox is being destroyed */
  ensure(target: ResourceTarget): Promise<void>;
  inspect(target: ResourceTarget): Promise<Inspection>;
  /**
   * Empties it and gives it the credentials of `target.rotation`; done once for a rotation, whatever goes on late. Absent:
   * it holds no data of the sandbox, and `ensure` with the new rotation is enough.
   */
  reset?(target: ResourceTarget): Promise<void>;
  /** Credentials dead, connections cut; nothing else. */
  revoke(sandboxId: SandboxId): Promise<void>;
  /** Leaves nothing. */
  remove(sandboxId: SandboxId): Promise<void>;
  list(): Promise<Found[]>;
}

/** @throws SANDBOX_010 for those who only inspect */
export function heldSecret(masterSecret: string | null): string {
  if (masterSecret !== null) return masterSecret;
  throw new SandboxError('SANDBOX_010', 'this process does not hold the master secret');
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

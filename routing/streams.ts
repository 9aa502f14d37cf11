/** The product's streams and the routers' bucket, as `bd migrate` makes them. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from 'nats';
import type { StreamProfile } from '../domain/routing-settings.js';
import { DLQ_PREFIX, DLQ_STREAM, RAW_SUBJECTS, STREAMS } from './subjects.js';

const MINUTE_NS = 60_000_000_000;
const HOUR_NS = 60 * MINUTE_NS;
const MIB = 1024 * 1024;

export interface StreamOptions {
  readonly routedSubjects: readonly string[];
  /** The server's limit in bytes (`max_payload` of its INFO). */
  readonly maxPayload: number;
  readonly profile?: StreamProfile;
}

/** The client's type lacks `allow_atomic` of 2.12; the server accepts it. */
export type StreamDefinition = Partial<StreamConfig> & { readonly allow_atomic?: boolean };

/**
 * The definitions that `bd migrate` applies (docs/routing.md, "Subjects and streams"). The operator
 * chooses the number of replicas (default 1).
 */
export function streamConfigs({
  routedSubjects,
  maxPayload,
  profile = 'durable',
}: StreamOptions): StreamDefinition[] {
  const common = { storage: StorageType.File, allow_direct: true } as const;
  return [
    {
      ...common,
      name: STREAMS.raw,
      subjects: [...RAW_SUBJECTS],
      retention: RetentionPolicy.Limits,
      // A full ingress refuses publishes, so no unrouted event is lost.
      discard: DiscardPolicy.New,
      max_age: 24 * HOUR_NS,
      max_bytes: 4096 * MIB,
      // Room for the router's headers: every accepted event can be routed.
      max_msg_size: maxPayload - 8 * 1024,
    },
    {
      ...common,
      name: STREAMS.routed,
      subjects: [...routedSubjects],
      ...routedKept(profile, maxPayload),
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      // The server's default of 1,000 would limit the live sandboxes.
      max_consumers: 20_000,
      // A fence is one atomic batch (routing/members.ts, MAX_UNCONFIRMED).
      allow_atomic: true,
    },
    {
      ...common,
      name: DLQ_STREAM,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: 7 * 24 * HOUR_NS,
      max_bytes: 1024 * MIB,
      sources: [{ name: STREAMS.routed, filter_subject: `${DLQ_PREFIX}>` }],
    },
  ];
}

function routedKept(profile: StreamProfile, maxPayload: number): StreamDefinition {
  if (profile === 'durable') {
    return { storage: StorageType.File, max_age: 72 * HOUR_NS, max_bytes: 8192 * MIB };
  }
  return {
    storage: StorageType.Memory,
    max_age: 5 * MINUTE_NS,
    // A message larger than its stream is acknowledged and removed at once. This has room for a
    // hundred of the largest.
    max_bytes: Math.max(512 * MIB, 100 * maxPayload),
  };
}

/** The routers' KV bucket (routing/members.ts). */
export const ROUTER_BUCKET_OPTIONS = { history: 1, storage: StorageType.File } as const;

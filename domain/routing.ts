/** The names that router, worker and clients must agree on: streams, subjects, Redis keys, the barrier's messages. */
import { isGuildId, type GuildId } from './guild.js';
import { isSandboxId, type SandboxId } from './names.js';

/** routing.md, "Subjects and streams". Configurable, since past one router each set of shards has its own pair. */
export interface StreamPair {
  readonly raw: string;
  readonly routed: string;
}
export const STREAMS: StreamPair = { raw: 'RAW', routed: 'ROUTED' };
export const DLQ_STREAM = 'DLQ';

/** What the router moves. */
export const RAW_EVENT_SUBJECTS = ['events.raw.>', 'commands.raw.>'] as const;
/** In place of an event's type in RAW: the sandbox that it is for follows, then the type (routing/addressed.ts). */
export const ADDRESS_TOKEN = 'for';
/** All that a publisher of addressed events may publish. */
export const ADDRESSED_SUBJECTS = RAW_EVENT_SUBJECTS.map((pattern) =>
  pattern.replace('>', `${ADDRESS_TOKEN}.>`),
);
/** Where an ingestor keeps its place: one subject a shard, of which the newest message counts. The router passes over them. */
export const POSITION_PREFIX = 'ingest.position.';
/** Everything `RAW` stores. */
export const RAW_SUBJECTS = [...RAW_EVENT_SUBJECTS, `${POSITION_PREFIX}>`] as const;
export const FENCE_SUBJECT = 'router.fence';
export const DLQ_PREFIX = 'dlq.';

/**
 * JetStream refuses overlapping streams, so production's `events.>` cannot be one beside `events.raw.>`: single-token
 * types fit `events.*`, families with dots are listed (routing.md, "Subjects and streams").
 */
export const DEFAULT_PRODUCTION_SUBJECTS = [
  'events.*',
  'events.guild.>',
  'events.member.>',
  'events.message.>',
  'events.interaction.>',
  'events.role.>',
  'events.channel.>',
  'events.voice.>',
  'commands.*',
  'commands.interaction.>',
] as const;

/** Everything `ROUTED` stores. */
export function routedSubjects(productionSubjects: readonly string[]): string[] {
  return [
    'sandbox.*.events.>',
    'sandbox.*.commands.>',
    ...productionSubjects,
    `${DLQ_PREFIX}>`,
    FENCE_SUBJECT,
  ];
}

/** How the router speaks on its hot path: the client's own API, or protocol bytes by hand (docs/routing.md). */
export const ROUTER_FORMS = ['fast', 'plain'] as const;
export type RouterForm = (typeof ROUTER_FORMS)[number];

/**
 * How `ROUTED` is kept. `durable`: on disk for days. `best-effort`: in memory for minutes; whatever a bot has not read is lost
 * with the server's process (docs/routing.md).
 */
export const STREAM_PROFILES = ['durable', 'best-effort'] as const;
export type StreamProfile = (typeof STREAM_PROFILES)[number];

/** Headers of the chain (routing.md, "Position"). */
export const HEADER_RAW_SEQ = 'Raw-Seq';
export const HEADER_EXPECTED_LAST_SEQ = 'Nats-Expected-Last-Sequence';
export const HEADER_DLQ_REASON = 'Dlq-Reason';
/** The subject that an event in the DLQ came on. */
export const HEADER_DLQ_SUBJECT = 'Dlq-Subject';
/** Incoming headers that the server would obey travel under this prefix. */
export const ORIGIN_PREFIX = 'Sandbox-Origin-';

/** A guild, or a sandbox itself: the address of addressed events. No text is both. */
export type RouteKey = GuildId | SandboxId;

/**
 * An entry of the table; `sandboxId` null is a tombstone. A sandbox's own entry leads to itself, and stands for as long as
 * the sandbox takes addressed events.
 */
export interface Route {
  readonly key: RouteKey;
  readonly sandboxId: SandboxId | null;
  readonly version: number;
}

/** Whether an entry may be: a guild leads to any sandbox, a sandbox to itself alone. */
export function isRoute(key: string, sandboxId: string | null): key is RouteKey {
  if (sandboxId !== null && !isSandboxId(sandboxId)) return false;
  return isGuildId(key) || (isSandboxId(key) && (sandboxId === null || sandboxId === key));
}

/**
 * Redis distributes the table that Postgres owns: `map` is a hash key → `<version>:<sandboxId or nothing>`, `changes` a
 * sorted set of keys by version, so that a reader loads the difference, and `version` the newest that both hold.
 * Each installation has its own: two that share a Redis must never route by each other's table.
 */
export const redisRoutes = (installation: string): RedisRoutes => ({
  version: `sandbox:routes:${installation}:version`,
  map: `sandbox:routes:${installation}:map`,
  changes: `sandbox:routes:${installation}:changes`,
});

export interface RedisRoutes {
  readonly version: string;
  readonly map: string;
  readonly changes: string;
}

/** Told with each new version, and only a hint: routers compare versions anyway, so a lost one heals in ≤ 0.5 s. */
export const REDIS_ROUTES_CHANGED = 'sandbox:routes:changed';
/** Per-guild cache of the RouteProvider, for every reader but the router. */
export const redisRouteKey = (guildId: string): string => `sandbox:route:${guildId}`;

export function encodeRoute({ version, sandboxId }: Route): string {
  return `${version}:${sandboxId ?? ''}`;
}

/**
 * Null for what this product has not written: whoever may write to Redis must not choose a subject (a sandbox of `a b` or
 * `>` would make another one of it) nor a version.
 */
export function decodeRoute(key: string, text: string): Route | null {
  const [, version = '', target = ''] = /^([1-9][0-9]{0,15}):(.*)$/s.exec(text) ?? [];
  const sandboxId = target === '' ? null : target;
  if (version === '' || !isRoute(key, sandboxId)) return null;
  return { key, version: Number(version), sandboxId: sandboxId as SandboxId | null };
}

/** KV bucket of the routers: `member.<routerId>`, `writer`, `checkpoint`, `fence`. */
export const ROUTER_BUCKET = 'ROUTERS';
/** The stream behind it, as every KV client names it. */
export const ROUTER_BUCKET_STREAM = `KV_${ROUTER_BUCKET}`;
export const memberKey = (routerId: string): string => `member.${routerId}`;

/**
 * The barrier: whoever changed a route publishes `SyncRequest` here with a reply subject, again every 250 ms; each router
 * answers once its table holds `version` and everything it decided under an older one is confirmed stored.
 * A core subject, in no stream.
 */
export const SYNC_SUBJECT = 'router.sync';
export interface SyncRequest {
  readonly version: number;
  /** Asks the writer to append a position message first: the tail must outlive a purge of leftovers. */
  readonly position?: boolean;
}
export interface SyncReply {
  readonly routerId: string;
  readonly version: number;
  /** A writer's term began behind a fence, so what any earlier writer still holds is refused. */
  readonly role: RouterMember['role'];
  /** The writer has appended the position message asked for. */
  readonly positioned?: boolean;
  /** Why it can't confirm yet (its table cannot be refreshed), if so. */
  readonly error?: string;
}

/** What a router writes under its member key every second. Its age counts by the server's clock. */
export interface RouterMember {
  readonly routerId: string;
  readonly role: 'writer' | 'standby';
  readonly version: number;
  readonly metrics: string | null;
}
/** A router not heard of for this long is dropped, behind a fence. */
export const ROUTER_LEASE_MS = 3_000;
/** What a writer repeats under `writer`, and how long it may be silent before the standby takes over. */
export const WRITER_BEAT_MS = 250;
export const WRITER_SILENCE_MS = 1_000;
export const WRITER_KEY = 'writer';
export const CHECKPOINT_KEY = 'checkpoint';
/**
 * How far `ROUTED` may hold messages that are no events (fences, position messages), written before each: where its end is gone,
 * what is missing is counted as events only from behind there.
 */
export const FENCE_KEY = 'fence';
/** Each router answers here at once: "no responders" tells of a dead one sooner than any lease. A core subject. */
export const aliveSubject = (routerId: string): string => `router.alive.${routerId}`;

/**
 * Published events that are not yet confirmed, at most: also the length of a fence. A fence of one message would move
 * the chain by one, and a stopped writer's **second** message, which expects exactly that sequence, would be stored
 * while its first is lost (tried on 2.15.1). So a fence passes everything that can be in flight, in one atomic batch,
 * of which a server with its defaults takes 1,000 messages (docs/decisions/0011-a-fence-of-a-thousand.md).
 */
export const MAX_UNCONFIRMED = 1_000;

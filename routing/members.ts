/** How routers find each other and confirm routes: the KV bucket's keys, the barrier's messages, leases and fence length. */

/** KV bucket of the routers: `member.<routerId>`, `writer`, `checkpoint`, `fence`. */
export const ROUTER_BUCKET = 'ROUTERS';

/** The stream behind it, as every KV client names it. */
export const ROUTER_BUCKET_STREAM = `KV_${ROUTER_BUCKET}`;

export const memberKey = (routerId: string): string => `member.${routerId}`;

/**
 * The barrier: after a change of routes the worker publishes `SyncRequest` here with a reply subject, every 250 ms; each router
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

/** Each router answers here at once: "no responders" shows a dead router sooner than any lease. A core subject. */
export const aliveSubject = (routerId: string): string => `router.alive.${routerId}`;

/**
 * Published events that are not yet confirmed, at most: also the length of a fence. A fence of one message would move
 * the chain by one, and a stopped writer's **second** message, which expects exactly that sequence, would be stored
 * while its first is lost (tried on 2.15.1). So a fence passes everything that can be in flight, in one atomic batch,
 * of which a server with its defaults takes 1,000 messages (docs/decisions/0011-a-fence-of-a-thousand.md).
 */
export const MAX_UNCONFIRMED = 1_000;

/**
 * How routers find each other and confirm routes: the KV bucket's keys, the barrier's messages,
 * leases and fence length.
 */

/** KV bucket of the routers: `member.<routerId>`, `writer`, `checkpoint`, `fence`. */
export const ROUTER_BUCKET = 'ROUTERS';

/** The stream behind it, as every KV client names it. */
export const ROUTER_BUCKET_STREAM = `KV_${ROUTER_BUCKET}`;

export const memberKey = (routerId: string): string => `member.${routerId}`;

/**
 * The barrier: after a route change the worker publishes `SyncRequest` here every 250 ms. Each
 * router answers once its table has `version` and everything decided under an older one is stored.
 * A core subject, in no stream.
 */
export const SYNC_SUBJECT = 'router.sync';

export interface SyncRequest {
  readonly version: number;
  /**
   * Asks the writer to append a position message first: the log's end must survive a purge of
   * leftovers.
   */
  readonly position?: boolean;
}

export interface SyncReply {
  readonly routerId: string;
  readonly version: number;
  /** A writer's term began behind a fence, so messages of any earlier writer are refused. */
  readonly role: RouterMember['role'];
  /** The writer has appended the requested position message. */
  readonly positioned?: boolean;
  /** Why it cannot confirm yet, for example because its table cannot be refreshed. */
  readonly error?: string;
}

/** The value of a router's member key, written every second. The server's clock gives its age. */
export interface RouterMember {
  readonly routerId: string;
  readonly role: 'writer' | 'standby';
  readonly version: number;
  readonly metrics: string | null;
}

/** A router that is silent for this long is dropped, behind a fence. */
export const ROUTER_LEASE_MS = 3_000;

/**
 * The writer's beat under `writer` while a standby asks for it, and the pause between two questions
 * of a standby. After a silence of `WRITER_SILENCE_MS` the standby takes over.
 */
export const WRITER_BEAT_MS = 250;

export const WRITER_SILENCE_MS = 1_000;

export const WRITER_KEY = 'writer';

export const CHECKPOINT_KEY = 'checkpoint';

/**
 * The sequence up to which `ROUTED` may hold messages that are no events (fences, positions);
 * written before each. If the log's end is gone, missing sequences count as events only after it.
 */
export const FENCE_KEY = 'fence';

/**
 * Each router answers here at once: "no responders" shows a dead router sooner than any lease. A
 * core subject.
 */
export const aliveSubject = (routerId: string): string => `router.alive.${routerId}`;

/**
 * The most published, unconfirmed events; also the length of a fence. A shorter fence would let a
 * stopped writer's later message be stored without its first (tried on 2.15.1). One atomic batch,
 * at most 1,000 messages by the server's default (docs/decisions/0011-a-fence-of-a-thousand.md).
 */
export const MAX_UNCONFIRMED = 1_000;

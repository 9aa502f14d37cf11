/** The streams and subjects shared by ingestor, router, worker and readers (docs/routing.md). */

/** Configurable: with several routers each set of shards has its own pair (docs/routing.md). */
export interface StreamPair {
  readonly raw: string;
  readonly routed: string;
}

export const STREAMS: StreamPair = { raw: 'RAW', routed: 'ROUTED' };

export const DLQ_STREAM = 'DLQ';

/** The subjects that the router reads. */
export const RAW_EVENT_SUBJECTS = ['events.raw.>', 'commands.raw.>'] as const;

/**
 * Replaces an event's type in RAW. The sandbox's id follows, then the type (routing/addressed.ts).
 */
export const ADDRESS_TOKEN = 'for';

/** All subjects of a publisher of addressed events. */
export const ADDRESSED_SUBJECTS = RAW_EVENT_SUBJECTS.map((pattern) =>
  pattern.replace('>', `${ADDRESS_TOKEN}.>`),
);

/**
 * An ingestor's position: one subject per shard, of which the newest message counts. The router
 * skips them.
 */
export const POSITION_PREFIX = 'ingest.position.';

/** All subjects of `RAW`. */
export const RAW_SUBJECTS = [...RAW_EVENT_SUBJECTS, `${POSITION_PREFIX}>`] as const;

export const FENCE_SUBJECT = 'router.fence';

export const DLQ_PREFIX = 'dlq.';

/** All subjects of `ROUTED`. */
export function routedSubjects(productionSubjects: readonly string[]): string[] {
  return [
    'sandbox.*.events.>',
    'sandbox.*.commands.>',
    ...productionSubjects,
    `${DLQ_PREFIX}>`,
    FENCE_SUBJECT,
  ];
}

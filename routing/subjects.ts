/** The streams and subjects on which ingestor, router, worker and readers must agree (docs/routing.md). */

/** docs/routing.md. Configurable, since past one router each set of shards has its own pair. */
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

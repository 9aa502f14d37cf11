/** A sandbox's limits on NATS: of its account and its consumer. */
import type { Limit } from '../resource.js';

/** A sandbox's connections at once. */
export const MAX_CONNECTIONS = 20;
export const MAX_SUBSCRIPTIONS = 1_000;

export const NATS_LIMITS: readonly Limit[] = [
  {
    what: 'NATS connections, subscriptions',
    limit: `${MAX_CONNECTIONS}, ${MAX_SUBSCRIPTIONS.toLocaleString('en')}`,
    raisable: false,
  },
  {
    what: 'NATS open pulls, message size',
    limit: "512 on its consumer, the server's `max_payload`",
    raisable: false,
  },
];

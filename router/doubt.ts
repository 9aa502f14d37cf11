/** Why the router stops, reads its position and starts again (docs/routing.md). */

/** The label of `sandbox_router_reconciliations_total`. The documentation lists the values. */
export type DoubtReason =
  | 'start'
  | 'refused'
  | 'ack_timeout'
  | 'no_responders'
  | 'connection'
  | 'gap'
  | 'consumer'
  | 'heartbeat'
  | 'fence_refused'
  | 'position'
  | 'lease_lost'
  | 'stale_routes'
  | 'error';

export class Doubt extends Error {
  override readonly name = 'Doubt';
  constructor(
    readonly reason: DoubtReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }
}

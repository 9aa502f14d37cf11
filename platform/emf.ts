/**
 * CloudWatch's embedded metric format: a log line from which CloudWatch makes metrics, so that alarms need neither an agent
 * nor a right to call its API (deploy/terraform/sandbox-alarms.tf).
 */

const EMF_NAMESPACE = 'Sandboxes';

export type EmfUnit = 'Count' | 'Seconds';

export interface EmfMetric {
  readonly name: string;
  readonly unit: EmfUnit;
  readonly value: number;
}

/** One line of JSON. `service` is its only dimension: what varies more (owners, ids) would cost a metric each. */
export function emfLine(service: string, metrics: readonly EmfMetric[], time: Date): string {
  return JSON.stringify({
    _aws: {
      Timestamp: time.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: EMF_NAMESPACE,
          Dimensions: [['Service']],
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    Service: service,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}

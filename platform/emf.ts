/**
 * CloudWatch's embedded metric format: CloudWatch makes metrics from such a log line. Alarms need
 * neither an agent nor a right to call its API (deploy/terraform/sandbox-alarms.tf).
 */

const EMF_NAMESPACE = 'Sandboxes';

export type EmfUnit = 'Count' | 'Seconds';

export interface EmfMetric {
  readonly name: string;
  readonly unit: EmfUnit;
  readonly value: number;
}

/**
 * One line of JSON. `service` is the only dimension: each value of an owner or id would cost a
 * metric.
 */
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
